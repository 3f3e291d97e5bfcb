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

/// How long it is waited at most for what is freed on other threads, in steps.
const PATIENCE_STEPS: usize = 300;
const STEP: Duration = Duration::from_millis(100);

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

fn on_heap() -> f64 {
    LIVE.load(Ordering::Relaxed) as f64
}

/// Builds a graph on a journal and returns what the ledger says of it, and what is on the heap.
async fn measure(workload: GraphWorkload) -> (MemoryLedger, f64) {
    let folder = tempfile::tempdir().expect("a folder");
    let before = on_heap();
    let store = MemoryStore::open(folder.path(), FsyncPolicy::Never).expect("a store");
    let fixture = GraphFixture::of(Arc::new(store), workload).await.expect("a graph");
    let engine = fixture.service.engine();
    let mut measured = (engine.memory(), on_heap() - before);
    // The generation before the last fold is freed on another thread.
    for _ in 0..PATIENCE_STEPS {
        if is_accounted_for(&measured.0, measured.1) {
            break;
        }
        tokio::time::sleep(STEP).await;
        measured = (engine.memory(), on_heap() - before);
    }
    engine.close().await;
    drop(fixture);
    for _ in (0..PATIENCE_STEPS).take_while(|_| on_heap() - before > 0.02 * measured.1) {
        tokio::time::sleep(STEP).await;
    }
    measured
}

/// Returns whether the lines say within a twentieth what is on the heap.
fn is_accounted_for(ledger: &MemoryLedger, on_heap: f64) -> bool {
    (ledger.total() as f64 - on_heap).abs() <= 0.05 * on_heap
}

#[tokio::test]
async fn every_byte_on_the_heap_is_in_a_line() {
    let graph = GraphWorkload::new("ledger", 100_000, 300_000, 1);
    for (workload, bytes_max) in
        [(graph.clone(), 8_200_000.0), (GraphWorkload { distinct: true, ..graph }, 19_200_000.0)]
    {
        let (ledger, on_heap) = measure(workload).await;
        assert!(is_accounted_for(&ledger, on_heap), "{on_heap} bytes on the heap, and in lines:\n{ledger}");
        assert!(on_heap <= bytes_max, "{on_heap} bytes");
    }
}
