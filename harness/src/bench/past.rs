//! The parts about snapshot files and about the past.

use std::time::Duration;

use super::parts::{Bench, Outcome};
use super::plan::Plan;
use super::surroundings::BenchError;
use crate::measure::available_memory;
use crate::number;
use crate::section::{
    GraphFixture, LongHistory, SectionOutcome, SnapshotFile, SyncPolicy, mapped_memory, mapped_queries,
    proofs_of_the_past, snapshot_opening, states_of_the_past,
};

/// Bytes of memory that must be there for each node of a graph ten times as large as the one that is asked.
const LARGE_NODE_BYTES: u64 = 500;

impl Bench<'_> {
    /// Writes, opens and serves snapshot files of the graph that is asked, and opens those of other sizes.
    pub(super) async fn snapshot(&self, fixture: &GraphFixture) -> Outcome {
        let folder = self.folder("snapshots");
        std::fs::create_dir_all(&folder)?;
        self.say("snapshot: writing the graph");
        let written = SnapshotFile::write(fixture, &folder)?;
        let mut outcome = SectionOutcome::new("snapshot");
        let Plan { nodes, edges, .. } = *self.plan;
        let mut files = vec![written.clone()];
        let smaller: &[u64] = if self.is_full() { &[10, 100] } else { &[10] };
        for divisor in smaller {
            files.insert(0, self.sized(nodes / divisor, edges / divisor, &folder).await?);
        }
        if self.is_full() {
            let larger = 10 * nodes;
            if available_memory().is_some_and(|bytes| bytes / LARGE_NODE_BYTES >= larger) {
                files.push(self.sized(larger, larger, &folder).await?);
            } else {
                let note = format!("{} nodes were not opened: too little memory to build them.", number::short(larger));
                outcome.report.notes.push(note);
            }
        }
        self.say("snapshot: opening");
        outcome.absorb(snapshot_opening(&files, &written)?);
        outcome.absorb(mapped_queries(&written, fixture)?);
        if let Some(server) = &self.surroundings.server {
            self.say("snapshot: a process that serves it");
            outcome.absorb(mapped_memory(&written, server(written.path())).await?);
        }
        std::fs::remove_dir_all(&folder)?;
        Ok(outcome)
    }

    /// Writes a snapshot of a graph that is built for it.
    async fn sized(&self, nodes: u64, edges: u64, folder: &std::path::Path) -> Result<SnapshotFile, BenchError> {
        self.say(&format!("snapshot: building {} nodes and {} edges", number::short(nodes), number::short(edges)));
        let store = self.open("sized", SyncPolicy::Never).await?;
        let fixture = GraphFixture::build(store, "sized", nodes, edges, self.plan.seed).await?;
        let file = SnapshotFile::write(&fixture, folder)?;
        fixture.service.engine().close().await;
        drop(fixture);
        self.remove("sized").await?;
        Ok(file)
    }

    /// Makes a long history, looks at it, and proves what it holds.
    pub(super) async fn history(&self) -> Outcome {
        let events = self.plan.history;
        self.say(&format!("history: making {} events", number::short(events)));
        let shelf = self.folder("history-shelf");
        let store = self.open("history", SyncPolicy::Never).await?;
        let history = LongHistory::build(store, &shelf, events, self.plan.seed).await?;
        self.say("history: states of any version");
        let patience = Duration::from_secs(if self.is_full() { 30 } else { 1 });
        let mut outcome = states_of_the_past(&history, patience).await?;
        self.say("history: proofs");
        outcome.absorb(proofs_of_the_past(&history).await?);
        drop(history);
        self.remove("history").await?;
        std::fs::remove_dir_all(&shelf)?;
        Ok(outcome.served_by(self.servers(SyncPolicy::Never)))
    }
}
