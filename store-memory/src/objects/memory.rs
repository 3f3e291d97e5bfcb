//! Objects in memory, gone with the process; compressed as everywhere.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use cidgraph::store::objects::{Packer, Received, Unpacker, check_name};
use cidgraph::{Clock, ObjectError, ObjectInfo, ObjectStore, SystemClock};
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite};

/// An object and its frames.
type Kept = Arc<(ObjectInfo, Vec<Bytes>)>;

/// Keeps objects in memory.
#[derive(Debug, Default)]
pub struct MemoryObjects {
    objects: Mutex<BTreeMap<String, Kept>>,
}

impl MemoryObjects {
    /// Makes a store without objects.
    pub fn new() -> Self {
        Self::default()
    }
}

#[async_trait]
impl ObjectStore for MemoryObjects {
    async fn put(&self, name: &str, contents: &mut (dyn AsyncRead + Send + Unpin)) -> Result<ObjectInfo, ObjectError> {
        check_name(name)?;
        let mut packer = Packer::new(contents);
        let mut frames = Vec::new();
        while let Some(frame) = packer.frame().await? {
            frames.push(frame);
        }
        let (size, digest) = packer.finish();
        let stored_bytes = frames.iter().map(|frame| frame.len() as u64).sum();
        let info = ObjectInfo { name: name.to_owned(), size, stored_bytes, digest, modified_ns: SystemClock.now_ns() };
        self.objects.lock().insert(name.to_owned(), Arc::new((info.clone(), frames)));
        Ok(info)
    }

    async fn get(
        &self,
        name: &str,
        received: &mut Received,
        out: &mut (dyn AsyncWrite + Send + Unpin),
    ) -> Result<ObjectInfo, ObjectError> {
        check_name(name)?;
        let kept = self.objects.lock().get(name).cloned();
        let kept = kept.ok_or_else(|| ObjectError::NotFound { name: name.to_owned() })?;
        let (info, frames) = &*kept;
        let mut unpacker = Unpacker::new(info, received, out)?;
        while let Some(frame) = unpacker.next_frame() {
            let frame = usize::try_from(frame).expect("as many frames as are in memory");
            unpacker.push(&frames[frame]).await?;
        }
        unpacker.finish().await?;
        Ok(info.clone())
    }

    async fn list(&self, prefix: &str) -> Result<Vec<ObjectInfo>, ObjectError> {
        let objects = self.objects.lock();
        let listed = objects.range(prefix.to_owned()..).take_while(|(name, _)| name.starts_with(prefix));
        Ok(listed.map(|(_, kept)| kept.0.clone()).collect())
    }

    async fn delete(&self, name: &str) -> Result<bool, ObjectError> {
        check_name(name)?;
        Ok(self.objects.lock().remove(name).is_some())
    }
}
