//! Appends that wait while the disk syncs share the next sync, and one that is no longer waited for is still whole.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::io;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};

use cidgraph::store::conformance::SampleStream;
use cidgraph::{Durability, EventStore, HashKind};
use cidgraph_store_memory::disk::{Access, Disk, DiskFile, Locked};
use cidgraph_store_memory::simulated::SimulatedDisk;
use cidgraph_store_memory::{FsyncPolicy, MemoryStore, MemoryStoreOptions};
use futures::executor::block_on;
use futures::future::join_all;

/// Holds every sync of a file back while it is closed, and counts them.
#[derive(Debug, Default)]
struct Gate {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    closed: bool,
    held_back: bool,
    syncs: usize,
}

impl Gate {
    fn pass(&self) {
        let mut state = self.state.lock().unwrap();
        state.syncs += 1;
        state.held_back = state.closed;
        self.changed.notify_all();
        drop(self.changed.wait_while(state, |state| state.closed).unwrap());
    }

    fn set_closed(&self, closed: bool) {
        self.state.lock().unwrap().closed = closed;
        self.changed.notify_all();
    }

    fn wait_for_sync(&self) {
        drop(self.changed.wait_while(self.state.lock().unwrap(), |state| !state.held_back).unwrap());
    }

    fn syncs(&self) -> usize {
        self.state.lock().unwrap().syncs
    }
}

#[derive(Debug)]
struct GatedDisk {
    disk: SimulatedDisk,
    gate: Arc<Gate>,
}

#[derive(Debug)]
struct GatedFile {
    file: Arc<dyn DiskFile>,
    gate: Arc<Gate>,
}

impl Disk for GatedDisk {
    fn create_folder(&self, folder: &Path) -> io::Result<()> {
        self.disk.create_folder(folder)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        self.disk.list(folder)
    }

    fn open(&self, path: &Path, access: Access) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(GatedFile { file: self.disk.open(path, access)?, gate: Arc::clone(&self.gate) }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.disk.rename(from, to)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.disk.sync_folder(folder)
    }

    fn lock(&self, path: &Path, holder: &str) -> io::Result<Locked> {
        self.disk.lock(path, holder)
    }
}

impl DiskFile for GatedFile {
    fn length(&self) -> io::Result<u64> {
        self.file.length()
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_at(buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.file.write_at(bytes, offset)
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        self.file.set_length(length)
    }

    fn sync(&self) -> io::Result<()> {
        self.gate.pass();
        self.file.sync()
    }
}

#[test]
fn appends_that_wait_share_one_sync() {
    let gate = Arc::new(Gate::default());
    let disk = GatedDisk { disk: SimulatedDisk::new(), gate: Arc::clone(&gate) };
    let options = MemoryStoreOptions { fsync: FsyncPolicy::Always, ..MemoryStoreOptions::default() };
    let store = MemoryStore::open_on(Arc::new(disk), "/store", options).unwrap();
    let before = gate.syncs();
    gate.set_closed(true);
    let batches: Vec<_> = (0..64).map(|number| [SampleStream::new(number, HashKind::Sha2_256).append(2)]).collect();
    block_on(async {
        let mut appends: Vec<_> = batches.iter().map(|batch| store.append(batch)).collect();
        assert!(futures::poll!(appends[0].as_mut()).is_pending());
        gate.wait_for_sync();
        for append in &mut appends[1..] {
            assert!(futures::poll!(append.as_mut()).is_pending());
        }
        // The last caller goes away; its append stays whole.
        drop(appends.pop());
        assert_eq!(store.last_sequence().await.unwrap(), 0, "nothing is seen before it is synced");
        gate.set_closed(false);
        for (number, answer) in join_all(appends).await.into_iter().enumerate() {
            let answer = answer.unwrap();
            assert_eq!((answer.first_sequence, answer.durability), (number as u64 * 2 + 1, Durability::Fsynced));
        }
    });
    assert_eq!(gate.syncs() - before, 2, "one sync for the first append, one for the 63 that waited");
    let kept = block_on(store.read_all(1, usize::MAX)).unwrap();
    assert_eq!(kept.len(), 128);
}
