//! What the bucket keeps of an object beside its chunks: the record that NATS's architecture decision 20 describes, with
//! what this store adds in its metadata.
//!
//! A chunk is one frame, so what NATS's tools give back is a Zstandard file. Size and digest in the record's own fields
//! are those of that file, the metadata holds those of the contents.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use cidgraph::store::objects::FRAME_BYTES;
use cidgraph::{ObjectError, ObjectInfo};
use serde::{Deserialize, Serialize};

const SIZE: &str = "cidgraph-size";
const DIGEST: &str = "cidgraph-digest";
const MODIFIED: &str = "cidgraph-modified-ns";
const FIRST: &str = "cidgraph-first-sequence";
const LAST: &str = "cidgraph-last-sequence";

/// The record.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Record {
    name: String,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
    #[serde(default)]
    options: Options,
    bucket: String,
    /// Names the chunks.
    #[serde(default)]
    pub(crate) nuid: String,
    #[serde(default)]
    size: u64,
    #[serde(default)]
    chunks: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
    #[serde(default)]
    pub(crate) deleted: bool,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Options {
    #[serde(default)]
    max_chunk_size: usize,
}

/// An object as a record describes it.
#[derive(Debug, Clone)]
pub(crate) struct Described {
    pub(crate) info: ObjectInfo,
    pub(crate) chunks: u64,
    /// The sequences of the first and the last chunk.
    pub(crate) sequences: (u64, u64),
}

impl Record {
    /// Makes the record of an object whose chunks are there.
    pub(crate) fn new(bucket: &str, nuid: &str, described: &Described, stored_digest: &[u8]) -> Self {
        let Described { info, chunks, sequences } = described;
        let metadata = [
            (SIZE, info.size.to_string()),
            (DIGEST, URL_SAFE.encode(info.digest)),
            (MODIFIED, info.modified_ns.to_string()),
            (FIRST, sequences.0.to_string()),
            (LAST, sequences.1.to_string()),
        ];
        Self {
            name: info.name.clone(),
            metadata: metadata.map(|(name, value)| (name.to_owned(), value)).into(),
            options: Options { max_chunk_size: FRAME_BYTES },
            bucket: bucket.to_owned(),
            nuid: nuid.to_owned(),
            size: info.stored_bytes,
            chunks: *chunks,
            digest: Some(format!("SHA-256={}", URL_SAFE.encode(stored_digest))),
            deleted: false,
        }
    }

    /// Reads a record.
    pub(crate) fn read(name: &str, bytes: &[u8]) -> Result<Self, ObjectError> {
        serde_json::from_slice(bytes).map_err(|_| damaged(name, "its record cannot be read"))
    }

    /// Returns the record of the object once it is deleted.
    pub(crate) fn into_deleted(self) -> Self {
        Self { size: 0, chunks: 0, deleted: true, ..self }
    }

    /// Returns the record's bytes.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("text and numbers can be written as JSON")
    }

    /// Returns what the record says of an object that this store put; `None` where something else put it.
    pub(crate) fn described(&self, name: &str) -> Result<Option<Described>, ObjectError> {
        if !self.metadata.contains_key(DIGEST) {
            return Ok(None);
        }
        let number = |key: &str| self.metadata.get(key).and_then(|value| value.parse::<u64>().ok());
        let digest = self.metadata.get(DIGEST).and_then(|digest| URL_SAFE.decode(digest).ok()?.try_into().ok());
        let described = || {
            let (size, sequences) = (number(SIZE)?, (number(FIRST)?, number(LAST)?));
            let room = sequences.1.checked_sub(sequences.0)?.checked_add(1)?;
            let whole = self.chunks == size.div_ceil(FRAME_BYTES as u64) && (self.chunks == 0 || room >= self.chunks);
            let info = ObjectInfo {
                name: name.to_owned(),
                size,
                stored_bytes: self.size,
                digest: digest?,
                modified_ns: number(MODIFIED)?,
            };
            let same = whole && self.name == name;
            same.then_some(Described { info, chunks: self.chunks, sequences })
        };
        described().map(Some).ok_or_else(|| damaged(name, "its record contradicts itself"))
    }
}

/// Returns the name's form in a subject.
pub(crate) fn encoded(name: &str) -> String {
    URL_SAFE.encode(name)
}

/// Reads a name in the form that a subject has.
pub(crate) fn decoded(token: &str) -> Option<String> {
    String::from_utf8(URL_SAFE.decode(token).ok()?).ok()
}

/// Returns an error that names the object.
pub(crate) fn damaged(name: &str, reason: &str) -> ObjectError {
    ObjectError::Damaged { name: name.to_owned(), offset: 0, reason: reason.to_owned() }
}
