//! Opening a place, and listing what its store has.

use std::sync::Arc;
use std::time::Duration;

use cidgraph::{
    Engine, EventStore, GraphCommand, GraphId, GraphMetadata, GraphView, ManualClock, SequentialIds, Snapshot,
    SnapshotError,
};
use cidgraph_cli::command::car::import_events;
use cidgraph_cli::failure::Failure;
use cidgraph_cli::store::{Fsync, Snapshots, StoreKind};
use cidgraph_store_memory::MemoryStore;
use parking_lot::Mutex;
use tokio::runtime::Runtime;

use crate::generate::commands;

use super::ask::Told;
use super::place::Place;

/// How often the store is asked which graphs it has.
const LISTING: Duration = Duration::from_secs(1);

/// After how long a store that does not answer is said to.
const PATIENCE: Duration = Duration::from_secs(3);

/// The time of a made-up graph's events: the first second of 2025, UTC.
const GENERATED_AT_NS: u64 = 1_735_689_600_000_000_000;

pub(super) async fn list(engine: &Engine) -> Result<Vec<(GraphId, u64)>, Failure> {
    let listed = engine.store().list().await?;
    Ok(listed.into_iter().map(|(aggregate, head)| (GraphId::from(aggregate), head.version)).collect())
}

pub(super) async fn keep_listing(engine: Engine, told: Arc<Mutex<Told>>) {
    loop {
        tokio::time::sleep(LISTING).await;
        match tokio::time::timeout(PATIENCE, list(&engine)).await {
            Ok(Ok(graphs)) => {
                let mut told = told.lock();
                (told.graphs, told.trouble) = (graphs, None);
            }
            Ok(Err(failure)) => told.lock().trouble = Some(format!("the store does not answer: {failure}")),
            Err(_) => told.lock().trouble = Some(format!("the store has not answered for {} s", PATIENCE.as_secs())),
        }
    }
}

/// Writes a made-up graph into a store, always with the same events.
pub(super) async fn generate(store: &Arc<dyn EventStore>, nodes: u32) -> Result<(), Failure> {
    let engine = Engine::builder(Arc::clone(store))
        .clock(Arc::new(ManualClock::at(GENERATED_AT_NS)))
        .ids(Arc::new(SequentialIds::new(*GraphId::named("generated").as_bytes())))
        .build();
    let graph = GraphId::named("generated");
    let metadata = GraphMetadata::named("generated");
    engine.command(graph, GraphCommand::CreateGraph { metadata }).await?;
    for command in commands(nodes) {
        engine.command(graph, command).await?;
    }
    engine.close().await;
    Ok(())
}

/// Opens the engine of a place, and the graph of a snapshot file, which has no events.
pub(super) fn open_engine(runtime: &Runtime, place: &Place) -> Result<(Engine, Option<GraphView>), Failure> {
    let in_memory = || Arc::new(MemoryStore::new()) as Arc<dyn EventStore>;
    let (options, is_writable) = match place {
        Place::Generated(_) => return Ok((Engine::new(in_memory()), None)),
        Place::File(path) => {
            return match Snapshot::map(path) {
                Ok(snapshot) => {
                    // Once it is drawn, nobody is there to be told of a page that does not hold.
                    let file = || path.display().to_string();
                    snapshot.verify().map_err(|source| Failure::SnapshotFile { file: file(), source })?;
                    Ok((Engine::new(in_memory()), Some(snapshot.view())))
                }
                Err(SnapshotError::Foreign) => {
                    let (store, _) = import_events(runtime.handle(), path, || Ok(in_memory()), |_| Ok(()))?;
                    Ok((Engine::new(store), None))
                }
                Err(source) => Err(Failure::SnapshotFile { file: path.display().to_string(), source }),
            };
        }
        Place::Store(options, is_writable) => (options, *is_writable),
    };
    options.check()?;
    if is_writable && options.kind == StoreKind::Memory {
        options.data_folder()?;
    }
    let store = runtime.block_on(async {
        if is_writable { options.open_to_write(Fsync::Interval).await } else { options.open_to_read().await }
    })?;
    let _guard = runtime.enter();
    Ok((options.engine(store, Snapshots::Use).build(), None))
}
