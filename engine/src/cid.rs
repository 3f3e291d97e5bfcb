//! The content identifier of an event: CIDv1, codec dag-cbor, a 32-byte digest.
//!
//! Kept as one byte of hash name and the digest, 33 bytes; the 36-byte binary form and the text form are those of the
//! multiformats CID specification, made by the `cid` crate.

use std::fmt;
use std::str::FromStr;

use multihash::Multihash;

use crate::sha256::sha256;

/// The multicodec number of DAG-CBOR.
const DAG_CBOR: u64 = 0x71;

/// The length of a CID's binary form, bytes.
pub const CID_LEN: usize = 36;

/// A hash function that a store may use for all its events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HashKind {
    /// SHA2-256, multihash 0x12.
    #[default]
    Sha2_256,
    /// BLAKE3 with 32 bytes of output, multihash 0x1e.
    Blake3,
}

impl HashKind {
    /// Returns the multihash number.
    pub const fn code(self) -> u8 {
        match self {
            Self::Sha2_256 => 0x12,
            Self::Blake3 => 0x1e,
        }
    }

    /// Hashes `bytes`.
    pub fn digest(self, bytes: &[u8]) -> [u8; 32] {
        match self {
            Self::Sha2_256 => sha256(bytes),
            Self::Blake3 => *blake3::hash(bytes).as_bytes(),
        }
    }
}

/// Names a block by the hash of its bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cid {
    hash: HashKind,
    digest: [u8; 32],
}

/// Bytes or text that is no CID of the kind events have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a CIDv1 of a dag-cbor block hashed with sha2-256 or blake3")]
pub struct InvalidCid;

impl Cid {
    /// Computes the CID of a block.
    pub fn of_block(hash: HashKind, block: &[u8]) -> Self {
        Self { hash, digest: hash.digest(block) }
    }

    /// Makes a CID of a digest that is already known.
    pub const fn from_digest(hash: HashKind, digest: [u8; 32]) -> Self {
        Self { hash, digest }
    }

    /// Returns the hash function.
    pub const fn hash_kind(&self) -> HashKind {
        self.hash
    }

    /// Returns the digest.
    pub const fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// Returns the binary form: version, codec, hash, length, digest.
    pub fn to_bytes(&self) -> [u8; CID_LEN] {
        let mut bytes = [0; CID_LEN];
        bytes[..4].copy_from_slice(&[1, 0x71, self.hash.code(), 32]);
        bytes[4..].copy_from_slice(&self.digest);
        bytes
    }

    /// Reads the binary form.
    ///
    /// # Errors
    /// Where the bytes are not exactly one CIDv1 of a dag-cbor block with a 32-byte SHA2-256 or BLAKE3 digest.
    #[inline]
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidCid> {
        let (hash, digest) = match bytes {
            [1, 0x71, 0x12, 32, digest @ ..] => (HashKind::Sha2_256, digest),
            [1, 0x71, 0x1e, 32, digest @ ..] => (HashKind::Blake3, digest),
            _ => return Err(InvalidCid),
        };
        let digest = digest.try_into().map_err(|_| InvalidCid)?;
        Ok(Self { hash, digest })
    }
}

impl fmt::Display for Cid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let multihash = Multihash::<64>::wrap(u64::from(self.hash.code()), &self.digest).expect("32 bytes fit in 64");
        fmt::Display::fmt(&cid::Cid::new_v1(DAG_CBOR, multihash), f)
    }
}

impl fmt::Debug for Cid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Cid {
    type Err = InvalidCid;

    fn from_str(text: &str) -> Result<Self, InvalidCid> {
        let cid = cid::Cid::try_from(text).map_err(|_| InvalidCid)?;
        Self::from_bytes(&cid.to_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_bytes_are_those_of_the_specification() {
        let cid = Cid::of_block(HashKind::Sha2_256, &[0xa0]);
        assert_eq!(cid.to_string(), "bafyreigbtj4x7ip5legnfznufuopl4sg4knzc2cof6duas4b3q2fy6swua");
        assert_eq!(cid.to_string().parse(), Ok(cid));
        assert_eq!(Cid::from_bytes(&cid.to_bytes()), Ok(cid));
        assert_eq!(Cid::from_bytes(&cid.to_bytes()[..35]), Err(InvalidCid));
    }
}
