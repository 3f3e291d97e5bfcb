//! Which buckets changed, and when: what lets a state tree look at nothing else.
//!
//! The writer marks before it publishes, so whoever holds a view finds every bucket marked that differs from an earlier
//! view; some may be marked for what comes after it.

use std::sync::atomic::{AtomicU64, Ordering};

use super::bucket::{BUCKETS, bucket_of};

/// For each bucket the version that touched it last, half a megabyte.
#[derive(Debug)]
pub struct TouchedBuckets(Box<[AtomicU64]>);

impl Default for TouchedBuckets {
    fn default() -> Self {
        Self((0..BUCKETS).map(|_| AtomicU64::new(0)).collect())
    }
}

impl TouchedBuckets {
    /// Marks the bucket of a node's or edge's id; for the one writer.
    #[inline]
    pub fn mark(&self, id: &[u8; 16], version: u64) {
        self.0[bucket_of(id) as usize].store(version, Ordering::Relaxed);
    }

    /// Returns the buckets that were touched after a version.
    pub fn since(&self, version: u64) -> Vec<u32> {
        let touched = (0..).zip(&self.0).filter(|(_, last)| last.load(Ordering::Relaxed) > version);
        touched.map(|(bucket, _)| bucket).collect()
    }
}
