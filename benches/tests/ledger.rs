//! The memory ledger against an allocator that counts: its lines are what is on the heap, and no more than they may be.

#![expect(unsafe_code, reason = "an allocator that counts is one")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Arc;
use std::sync::atomic::{AtomicIsize, Ordering};
use std::time::Duration;

use cidgraph::MemoryLedger;
use cidgraph_harness::section::GraphFixture;
use cidgraph_harness::workload::GraphWorkload;
use cidgraph_store_memory::{FsyncPolicy, MemoryStore};

/// Bytes that were asked for and not given back.
static LIVE: AtomicIsize = AtomicIsize::new(0);

struct Counting;

fn signed(size: usize) -> isize {
    size.try_into().unwrap_or(isize::MAX)
}

// SAFETY: everything is the system's allocator's, which keeps what is demanded of one.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(signed(layout.size()), Ordering::Relaxed);
        // SAFETY: the caller keeps what is demanded of it.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        LIVE.fetch_sub(signed(layout.size()), Ordering::Relaxed);
        // SAFETY: the caller keeps what is demanded of it.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Builds a graph on a journal and returns what the ledger says of it, and what is on the heap.
async fn measure(workload: GraphWorkload) -> (MemoryLedger, f64) {
    let folder = tempfile::tempdir().expect("a folder");
    let before = LIVE.load(Ordering::Relaxed);
    let store = MemoryStore::open(folder.path(), FsyncPolicy::Never).expect("a store");
    let fixture = GraphFixture::of(Arc::new(store), workload).await.expect("a graph");
    // The generation before the last fold is freed on another thread.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let ledger = fixture.service.engine().memory();
    let on_heap = LIVE.load(Ordering::Relaxed) - before;
    fixture.service.engine().close().await;
    (ledger, on_heap as f64)
}

#[tokio::test]
async fn every_byte_on_the_heap_is_in_a_line() {
    let graph = GraphWorkload::new("ledger", 100_000, 300_000, 1);
    for (workload, bytes_max) in
        [(graph.clone(), 10_000_000.0), (GraphWorkload { distinct: true, ..graph }, 22_000_000.0)]
    {
        let (ledger, on_heap) = measure(workload).await;
        let beside = (ledger.total() as f64 - on_heap).abs();
        assert!(beside <= 0.05 * on_heap, "{on_heap} bytes on the heap, and in lines:\n{ledger}");
        assert!(on_heap <= bytes_max, "{on_heap} bytes");
        // What was closed is freed on other threads too.
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}
