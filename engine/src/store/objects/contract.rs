//! The contract of an object store: its nouns, its errors, and [`ObjectStore`] with the guarantees beside the methods.
//!
//! An object is a name and any number of bytes. It is there whole or not at all, and its contents are compared with
//! their digest whenever they are read to the end. No call holds more than a few frames of an object in memory.

use std::fmt;
use std::io;

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::store::objects::Received;
use crate::store::{Damage, StoreError};

/// Bytes of an object's name, at most.
const NAME_BYTES_MAX: usize = 200;

/// What is known of an object without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectInfo {
    /// Its name.
    pub name: String,
    /// Bytes of its contents.
    pub size: u64,
    /// Bytes that its contents take where they are kept, compressed.
    pub stored_bytes: u64,
    /// SHA2-256 of its contents.
    pub digest: [u8; 32],
    /// When it was put, nanoseconds since the Unix epoch.
    pub modified_ns: u64,
}

/// Why an object store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    /// There is no such object.
    #[error("there is no object {name}")]
    NotFound {
        /// The name.
        name: String,
    },
    /// What is kept is not what was put: cut, changed, or larger than it says.
    #[error("the object {name} is damaged at byte {offset}: {reason}")]
    Damaged {
        /// The object.
        name: String,
        /// Bytes from the start of its contents up to which it could be read.
        offset: u64,
        /// What is wrong.
        reason: String,
    },
    /// The store is not to be reached, refuses what it may take later, or the object was replaced while it was read.
    #[error("the object store is unavailable: {reason}")]
    Unavailable {
        /// What happened.
        reason: String,
    },
    /// The store cannot be used as asked: a name that no object can have, a folder that cannot be used.
    #[error("{reason}")]
    Invalid {
        /// What is wrong and what to do.
        reason: String,
    },
    /// What the caller gave to read from failed; nothing was put.
    #[error("the contents cannot be read: {source}")]
    Source {
        /// What happened.
        source: io::Error,
    },
    /// What the caller gave to write to failed.
    #[error("the contents cannot be written: {source}")]
    Sink {
        /// What happened.
        source: io::Error,
    },
}

impl From<ObjectError> for StoreError {
    fn from(error: ObjectError) -> Self {
        let reason = error.to_string();
        match error {
            ObjectError::NotFound { name } => corrupt(name, None, "it is missing"),
            ObjectError::Damaged { name, offset, reason } => corrupt(name, Some(offset), &reason),
            ObjectError::Unavailable { reason } => Self::Unavailable { reason: format!("its objects: {reason}") },
            ObjectError::Source { .. } | ObjectError::Sink { .. } => Self::Unavailable { reason },
            ObjectError::Invalid { .. } => Self::Invalid { reason },
        }
    }
}

fn corrupt(name: String, offset: Option<u64>, reason: &str) -> StoreError {
    let damage = Damage { place: format!("object {name}"), offset, reason: reason.to_owned(), ..Damage::default() };
    StoreError::Corrupt { damage: Box::new(damage) }
}

/// Checks that an object can have this name: 1 to 200 letters, digits and `-_.` in segments between `/`, none of which
/// is empty or consists of dots.
///
/// # Errors
/// [`ObjectError::Invalid`].
pub fn check_name(name: &str) -> Result<(), ObjectError> {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let segment = |segment: &str| segment.bytes().all(letter) && segment.bytes().any(|byte| byte != b'.');
    if name.len() <= NAME_BYTES_MAX && name.split('/').all(segment) {
        return Ok(());
    }
    Err(ObjectError::Invalid { reason: format!("{name:?} cannot be an object's name") })
}

/// Keeps named objects.
#[async_trait]
pub trait ObjectStore: Send + Sync + fmt::Debug {
    /// Puts an object in place of the one of that name, if there is one.
    ///
    /// Before it returns nothing of it can be seen; when it returns, all of it is kept as durably as the store can. An
    /// error or dropping the future leaves the object of before, or the new one whole.
    ///
    /// # Errors
    /// [`ObjectError::Source`] where the contents cannot be read, [`ObjectError::Invalid`] or
    /// [`ObjectError::Unavailable`].
    async fn put(&self, name: &str, contents: &mut (dyn AsyncRead + Send + Unpin)) -> Result<ObjectInfo, ObjectError>;

    /// Writes what is still to be received of an object to `out`.
    ///
    /// After [`ObjectError::Unavailable`] the same `received` and `out` may be given again: only what is missing is
    /// read. The digest is compared over all that was received, also before.
    ///
    /// # Errors
    /// [`ObjectError::NotFound`]; [`ObjectError::Damaged`], where what was written is not to be used;
    /// [`ObjectError::Sink`]; [`ObjectError::Unavailable`].
    async fn get(
        &self,
        name: &str,
        received: &mut Received,
        out: &mut (dyn AsyncWrite + Send + Unpin),
    ) -> Result<ObjectInfo, ObjectError>;

    /// Returns the objects whose names start with `prefix`, ordered by name. Sees every put that has returned.
    ///
    /// # Errors
    /// [`ObjectError::Damaged`] names an object of which nothing can be told; [`ObjectError::Unavailable`].
    async fn list(&self, prefix: &str) -> Result<Vec<ObjectInfo>, ObjectError>;

    /// Deletes an object and returns whether there was one.
    ///
    /// # Errors
    /// [`ObjectError::Unavailable`].
    async fn delete(&self, name: &str) -> Result<bool, ObjectError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_segments_of_plain_characters() {
        let check = |name: &str, good: bool| assert_eq!(check_name(name).is_ok(), good, "{name:?}");
        check("a", true);
        check("archive/0a/1-2.car.zst", true);
        check(&"a".repeat(200), true);
        check(&"a".repeat(201), false);
        check("", false);
        check("/a", false);
        check("a/", false);
        check("a//b", false);
        check("a/../b", false);
        check(".", false);
        check("a b", false);
        check("ä", false);
        check("a%b", false);
    }
}
