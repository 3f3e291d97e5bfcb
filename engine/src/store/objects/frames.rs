//! The form in which contents are kept: frames of Zstandard (RFC 8878), each with [`FRAME_BYTES`] of the contents, the
//! last with what is left.
//!
//! One after another they are a file that every Zstandard tool reads; each by itself can be read without those before
//! it, so reading starts anywhere. How long a frame's contents are follows from the object's size, so a frame that
//! unpacks to more is refused before the memory for it is there.

use std::fmt;

use bytes::Bytes;
use ring::digest::{Context, SHA256};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use zstd::bulk::{Compressor, Decompressor};

use crate::store::objects::{ObjectError, ObjectInfo};

/// Bytes of the contents in one frame.
pub const FRAME_BYTES: usize = 256 << 10;

/// The level of compression: Zstandard's own default.
const LEVEL: i32 = 3;

/// Packs contents into frames.
pub struct Packer<'a> {
    contents: &'a mut (dyn AsyncRead + Send + Unpin),
    compressor: Compressor<'static>,
    buffer: Vec<u8>,
    hashed: Received,
}

impl fmt::Debug for Packer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Packer").field("packed", &self.hashed.size).finish_non_exhaustive()
    }
}

impl<'a> Packer<'a> {
    /// Makes a packer of what a reader gives up to its end.
    pub fn new(contents: &'a mut (dyn AsyncRead + Send + Unpin)) -> Self {
        let compressor = Compressor::new(LEVEL).expect("the level is one that Zstandard has");
        Self { contents, compressor, buffer: Vec::with_capacity(FRAME_BYTES), hashed: Received::default() }
    }

    /// Returns the next frame, `None` at the end.
    ///
    /// # Errors
    /// [`ObjectError::Source`].
    pub async fn frame(&mut self) -> Result<Option<Bytes>, ObjectError> {
        self.buffer.clear();
        let mut rest = (&mut *self.contents).take(FRAME_BYTES as u64);
        rest.read_to_end(&mut self.buffer).await.map_err(|source| ObjectError::Source { source })?;
        if self.buffer.is_empty() {
            return Ok(None);
        }
        self.hashed.push(&self.buffer);
        let frame = self.compressor.compress(&self.buffer).expect("the room for a frame is that of the worst case");
        Ok(Some(frame.into()))
    }

    /// Returns the size and the digest of what was packed.
    pub fn finish(self) -> (u64, [u8; 32]) {
        (self.hashed.size, self.hashed.digest())
    }
}

/// What of an object was received so far: how much, and its digest.
#[derive(Clone)]
pub struct Received {
    size: u64,
    hasher: Context,
}

impl Default for Received {
    fn default() -> Self {
        Self { size: 0, hasher: Context::new(&SHA256) }
    }
}

impl fmt::Debug for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Received").field("size", &self.size).finish_non_exhaustive()
    }
}

impl Received {
    /// Hashes what was received before, from its start to its end: the first part of a file that was left.
    ///
    /// # Errors
    /// [`ObjectError::Source`].
    pub async fn of(before: &mut (dyn AsyncRead + Send + Unpin)) -> Result<Self, ObjectError> {
        let mut received = Self::default();
        let mut buffer = vec![0; FRAME_BYTES];
        loop {
            let len = before.read(&mut buffer).await.map_err(|source| ObjectError::Source { source })?;
            if len == 0 {
                return Ok(received);
            }
            received.push(&buffer[..len]);
        }
    }

    /// Returns how many bytes were received.
    pub const fn size(&self) -> u64 {
        self.size
    }

    fn push(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        self.size += bytes.len() as u64;
    }

    /// Returns the SHA2-256 of what was received.
    pub fn digest(&self) -> [u8; 32] {
        let digest = self.hasher.clone().finish();
        digest.as_ref().try_into().expect("SHA-256 gives 32 bytes")
    }
}

/// Unpacks the frames that are still to be received, in their order.
pub struct Unpacker<'a> {
    info: &'a ObjectInfo,
    received: &'a mut Received,
    out: &'a mut (dyn AsyncWrite + Send + Unpin),
    decompressor: Decompressor<'static>,
    buffer: Vec<u8>,
}

impl fmt::Debug for Unpacker<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unpacker").field("info", self.info).field("received", self.received).finish_non_exhaustive()
    }
}

impl<'a> Unpacker<'a> {
    /// Makes an unpacker of what is missing of an object.
    ///
    /// # Errors
    /// [`ObjectError::Damaged`] where more was received than the object holds.
    pub fn new(
        info: &'a ObjectInfo,
        received: &'a mut Received,
        out: &'a mut (dyn AsyncWrite + Send + Unpin),
    ) -> Result<Self, ObjectError> {
        let decompressor = Decompressor::new().expect("a decompressor without a dictionary can always be made");
        let unpacker = Self { info, received, out, decompressor, buffer: vec![0; FRAME_BYTES] };
        if unpacker.received.size > info.size {
            return Err(unpacker.damaged("more was received before than there is"));
        }
        Ok(unpacker)
    }

    /// Returns the number of the frame that comes next, from 0; `None` where all was received.
    pub const fn next_frame(&self) -> Option<u64> {
        if self.received.size < self.info.size { Some(self.received.size / FRAME_BYTES as u64) } else { None }
    }

    /// Unpacks the next frame and writes what of it is missing.
    ///
    /// # Errors
    /// [`ObjectError::Damaged`] where it is not such a frame, [`ObjectError::Sink`].
    ///
    /// # Panics
    /// Where all was received.
    pub async fn push(&mut self, frame: &[u8]) -> Result<(), ObjectError> {
        assert!(self.received.size < self.info.size, "a frame is missing");
        let skipped = usize::try_from(self.received.size % FRAME_BYTES as u64).expect("a frame is short");
        let left = usize::try_from(self.info.size - self.received.size).unwrap_or(usize::MAX);
        let len = left.saturating_add(skipped).min(FRAME_BYTES);
        match self.decompressor.decompress_to_buffer(frame, &mut self.buffer[..len]) {
            Ok(unpacked) if unpacked == len => {}
            Ok(unpacked) => return Err(self.damaged(&format!("a frame of {unpacked} bytes, not {len}"))),
            Err(error) => return Err(self.damaged(&format!("a frame that cannot be unpacked: {error}"))),
        }
        let missing = &self.buffer[skipped..len];
        self.out.write_all(missing).await.map_err(|source| ObjectError::Sink { source })?;
        self.received.push(missing);
        Ok(())
    }

    /// Flushes, and compares the digest of all that was received.
    ///
    /// # Errors
    /// [`ObjectError::Damaged`] where it differs or something is missing, [`ObjectError::Sink`].
    pub async fn finish(self) -> Result<(), ObjectError> {
        self.out.flush().await.map_err(|source| ObjectError::Sink { source })?;
        if self.received.size < self.info.size {
            return Err(self.damaged("its end is missing"));
        }
        if self.received.digest() != self.info.digest {
            return Err(self.damaged("the contents do not have its digest"));
        }
        Ok(())
    }

    /// Returns an error that says how far the object could be read.
    pub fn damaged(&self, reason: &str) -> ObjectError {
        let (name, reason) = (self.info.name.clone(), reason.to_owned());
        ObjectError::Damaged { name, offset: self.received.size.min(self.info.size), reason }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn packed(contents: &[u8]) -> (ObjectInfo, Vec<Bytes>) {
        let mut input = contents;
        let mut packer = Packer::new(&mut input);
        let mut frames = Vec::new();
        while let Some(frame) = packer.frame().await.unwrap() {
            frames.push(frame);
        }
        let (size, digest) = packer.finish();
        let stored_bytes = frames.iter().map(|frame| frame.len() as u64).sum();
        (ObjectInfo { name: "a".to_owned(), size, stored_bytes, digest, modified_ns: 0 }, frames)
    }

    async fn unpacked(info: &ObjectInfo, frames: &[Bytes], before: &[u8]) -> Result<Vec<u8>, ObjectError> {
        let mut received = Received::of(&mut &*before).await.unwrap();
        let mut out = before.to_vec();
        let mut unpacker = Unpacker::new(info, &mut received, &mut out)?;
        while let Some(frame) = unpacker.next_frame() {
            let Some(frame) = frames.get(usize::try_from(frame).unwrap()) else { break };
            unpacker.push(frame).await?;
        }
        unpacker.finish().await?;
        Ok(out)
    }

    fn contents(len: usize) -> Vec<u8> {
        (0..len as u64).map(|at| at.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes()[0]).collect()
    }

    #[tokio::test]
    async fn what_was_packed_is_unpacked_from_anywhere_on() {
        for len in [0, 1, FRAME_BYTES - 1, FRAME_BYTES, FRAME_BYTES + 1, 3 * FRAME_BYTES + 7] {
            let contents = contents(len);
            let (info, frames) = packed(&contents).await;
            assert_eq!(frames.len(), len.div_ceil(FRAME_BYTES));
            for before in [0, 1, FRAME_BYTES - 1, FRAME_BYTES, FRAME_BYTES + 1, len] {
                let before = &contents[..before.min(len)];
                assert!(unpacked(&info, &frames, before).await.unwrap() == contents, "{len} from {}", before.len());
            }
            assert!(len == 0 || zstd::decode_all(frames.concat().as_slice()).unwrap() == contents);
        }
    }

    #[tokio::test]
    async fn damage_is_told() {
        let contents = contents(2 * FRAME_BYTES + 9);
        let (info, frames) = packed(&contents).await;
        let bomb = Bytes::from(zstd::bulk::compress(&vec![0; 64 << 20], 3).unwrap());
        let check = async |info: &ObjectInfo, frames: &[Bytes], before: &[u8], reason: &str| {
            let error = unpacked(info, frames, before).await.map(drop).unwrap_err();
            let told = matches!(&error, ObjectError::Damaged { name, .. } if name == "a");
            assert!(told && error.to_string().contains(reason), "{error}");
        };
        check(&info, &frames[..2], b"", "its end is missing").await;
        check(&info, &[], b"", "its end is missing").await;
        check(&info, &[frames[1].clone(), frames[0].clone(), frames[2].clone()], b"", "its digest").await;
        check(&info, &[frames[2].clone()], b"", "a frame of 9 bytes, not 262144").await;
        check(&info, &[bomb], b"", "cannot be unpacked").await;
        check(&info, &[frames[0].slice(..frames[0].len() / 2)], b"", "cannot be unpacked").await;
        check(&info, &frames, b"other bytes", "its digest").await;
        check(&ObjectInfo { size: 3, ..info.clone() }, &frames, b"four", "more was received").await;
        check(&ObjectInfo { size: 3, ..info.clone() }, &frames, b"", "cannot be unpacked").await;
    }
}
