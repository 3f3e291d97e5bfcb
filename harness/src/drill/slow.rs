//! `slow`: a reader that stalls, a full stream, too large an event, wrong credentials, an expired certificate, a stream
//! that is deleted: each a typed error within its deadline, and this process's memory stays within bounds.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cidgraph::chain::seal;
use cidgraph::{
    AggregateAppend, ChainTip, Clock, EventStore, Expected, GraphEvent, GraphId, GraphMetadata, Name, Refusal,
    StoreError, StreamFilter, SystemClock,
};
use futures::StreamExt;
use tokio::task::block_in_place;
use tokio::time::timeout;

use super::certificate::expired_certificate;
use super::corrupt::fill;
use super::error::DrillError;
use super::plan::DrillPlan;
use super::report::{DrillReport, seconds};
use super::run::DrillSurroundings;
use super::stores::{Special, StoreTerms};
use super::writer::Writer;
use crate::check::Auditor;
use crate::measure::process_memory;
use crate::nats::{Server, SyncInterval};
use crate::number;
use crate::workload::transaction_of;

/// Bytes by which this process may grow while a reader stalls.
const GROWTH_BYTES_MAX: u64 = 128 << 20;

/// How much longer than its deadline a call may take: for what it does after its last attempt.
const SLACK: Duration = Duration::from_secs(2);

/// Bytes of the stream that is filled.
const FULL_BYTES: u64 = 1 << 20;

/// Characters of a name that no server here takes.
const LARGE: usize = 100_000;

pub(super) async fn slow(
    plan: &DrillPlan,
    surroundings: &DrillSurroundings<'_>,
    report: &mut DrillReport,
) -> Result<(), DrillError> {
    let drill = Slow { plan, surroundings };
    report.servers = 1;
    report.deadline_seconds = seconds(plan.deadline);
    drill.stalled_reader(report).await?;
    drill.full_stream(report).await?;
    drill.large_event(report).await?;
    drill.wrong_password(report).await?;
    drill.expired_certificate(report).await?;
    drill.deleted_stream(report).await
}

struct Slow<'a> {
    plan: &'a DrillPlan,
    surroundings: &'a DrillSurroundings<'a>,
}

impl Slow<'_> {
    fn terms(&self, server: &Server) -> StoreTerms {
        let (urls, monitor_urls) = (vec![server.url.clone()], Vec::new());
        StoreTerms { urls, monitor_urls, replicas: 1, deadline: self.plan.deadline }
    }

    fn start(&self, what: &str, lines: &str) -> Result<(Server, StoreTerms), DrillError> {
        (self.surroundings.progress)(what);
        let server = block_in_place(|| Server::start_with(SyncInterval::Default, lines))?;
        let terms = self.terms(&server);
        Ok((server, terms))
    }

    async fn stalled_reader(&self, report: &mut DrillReport) -> Result<(), DrillError> {
        let (_server, terms) = self.start("a reader stalls", "")?;
        let stores = self.surroundings.stores;
        let store = stores.open(terms.clone()).await?;
        let reader = stores.open(terms).await?;
        let auditor = Auditor::new();
        let first = Writer::open(store.as_ref(), self.plan.writers, self.plan.seed).await?.next_batch();
        store.append(&first).await?;
        auditor.acknowledge_append(&first);
        let mut followed = reader.follow(1, StreamFilter::All).await?;
        let mut sequence = 0;
        if let Some(event) = followed.next().await {
            sequence = event?.sequence;
        }
        let before = process_memory();
        report.durability = fill(&store, self.plan, &auditor).await?;
        let after = process_memory();
        let last = store.last_sequence().await?;
        while sequence < last {
            let Ok(Some(event)) = timeout(self.plan.deadline, followed.next()).await else { break };
            let next = event?.sequence;
            if next != sequence + 1 {
                break;
            }
            sequence = next;
        }
        let text = format!("a reader that stalled while {last} events came misses none ({sequence} came)");
        report.demand(sequence == last, text);
        if let (Some(before), Some(after)) = (before, after) {
            let growth = after.resident.saturating_sub(before.resident);
            let text = format!("memory grows by {} meanwhile", number::bytes(number::float(growth)));
            report.demand(growth <= GROWTH_BYTES_MAX, text);
        }
        report.note_audit(&auditor.compare(store.as_ref()).await?);
        Ok(())
    }

    async fn full_stream(&self, report: &mut DrillReport) -> Result<(), DrillError> {
        let (_server, terms) = self.start("the stream is full", "")?;
        let store = self.surroundings.stores.open_special(terms, Special::MaxBytes(FULL_BYTES)).await?;
        let mut writer = Writer::open(store.as_ref(), 0, self.plan.seed).await?;
        let auditor = Auditor::new();
        let (refused, took) = loop {
            let batch = writer.next_batch();
            let start = Instant::now();
            match store.append(&batch).await {
                Ok(_) => auditor.acknowledge_append(&batch),
                Err(error) => break (error, start.elapsed()),
            }
        };
        let named = matches!(&refused, StoreError::Refused { refusal: Refusal::Full { .. } });
        self.judge(report, "a full stream", named, &refused, took);
        let audit = auditor.compare(store.as_ref()).await?;
        let text = format!("reads of a full stream go on ({} events)", audit.stored);
        report.demand(audit.is_clean() && audit.stored == audit.acknowledged, text);
        report.note_audit(&audit);
        Ok(())
    }

    async fn large_event(&self, report: &mut DrillReport) -> Result<(), DrillError> {
        let (_server, terms) = self.start("an event is too large", "max_payload: 65536")?;
        let store = self.surroundings.stores.open(terms).await?;
        let start = Instant::now();
        let Err(refused) = store.append(&[large(&store)]).await else {
            report.demand(false, "an event beyond the server's size is refused");
            return Ok(());
        };
        let named = matches!(refused, StoreError::Malformed { .. });
        self.judge(report, "an event beyond the server's size", named, &refused, start.elapsed());
        Ok(())
    }

    async fn wrong_password(&self, report: &mut DrillReport) -> Result<(), DrillError> {
        let lines = "authorization { user: writer, password: \"right one\" }";
        let (_server, terms) = self.start("the password is wrong", lines)?;
        let login = Special::Login { user: "writer".to_owned(), password: "wrong one".to_owned() };
        self.refused(report, "a wrong password", terms, login).await;
        Ok(())
    }

    async fn expired_certificate(&self, report: &mut DrillReport) -> Result<(), DrillError> {
        let files = expired_certificate()?;
        let (_server, mut terms) = self.start("a certificate has expired", &files.server_lines())?;
        terms.urls = terms.urls.iter().map(|url| url.replace("nats://127.0.0.1", "tls://localhost")).collect();
        self.refused(report, "an expired certificate", terms, Special::Authorities(files.authorities())).await;
        Ok(())
    }

    /// Expects that a store cannot be opened.
    async fn refused(&self, report: &mut DrillReport, what: &str, terms: StoreTerms, special: Special) {
        let start = Instant::now();
        match self.surroundings.stores.open_special(terms, special).await {
            Ok(_) => report.demand(false, format!("{what} is refused")),
            Err(refused) => {
                let named = matches!(refused, StoreError::Invalid { .. });
                self.judge(report, what, named, &refused, start.elapsed());
            }
        }
    }

    async fn deleted_stream(&self, report: &mut DrillReport) -> Result<(), DrillError> {
        let (server, terms) = self.start("the stream is deleted", "")?;
        let stores = self.surroundings.stores;
        let store = stores.open(terms).await?;
        let mut writer = Writer::open(store.as_ref(), 0, self.plan.seed).await?;
        store.append(&writer.next_batch()).await?;
        let mut followed = store.follow(1, StreamFilter::All).await?;
        followed.next().await.transpose()?;
        block_in_place(|| server.delete_stream(stores.stream()))?;
        let start = Instant::now();
        match store.append(&writer.next_batch()).await {
            Ok(_) => report.demand(false, "an append to a deleted stream is refused"),
            Err(refused) => {
                let named = matches!(refused, StoreError::Refused { refusal: Refusal::Missing { .. } });
                self.judge(report, "an append to a deleted stream", named, &refused, start.elapsed());
            }
        }
        let start = Instant::now();
        let ended = timeout(self.plan.deadline + SLACK, async {
            while let Some(event) = followed.next().await {
                event?;
            }
            Ok::<_, StoreError>(())
        });
        match ended.await {
            Ok(Err(refused)) => {
                let named = matches!(refused, StoreError::Refused { refusal: Refusal::Missing { .. } });
                self.judge(report, "a follower of a deleted stream", named, &refused, start.elapsed());
            }
            Ok(Ok(())) | Err(_) => report.demand(false, "a follower of a deleted stream is told"),
        }
        Ok(())
    }

    /// Demands the right error in time.
    fn judge(&self, report: &mut DrillReport, what: &str, named: bool, refused: &StoreError, took: Duration) {
        report.call_seconds_max = report.call_seconds_max.max(seconds(took));
        report.answered_unavailable += u64::from(matches!(refused, StoreError::Unavailable { .. }));
        report.answered_unknown += u64::from(matches!(refused, StoreError::Unknown { .. }));
        let text = format!("{what} is named within the deadline: \"{refused}\" after {} s", seconds(took));
        report.demand(named && took <= self.plan.deadline + SLACK, text);
    }
}

/// Makes an append that no server here takes.
fn large(store: &Arc<dyn EventStore>) -> AggregateAppend {
    let graph = GraphId::from_u64(1);
    let mut tip = ChainTip::empty(graph.into(), store.hash_kind());
    let context = transaction_of(graph, 0, 0, Vec::new()).context;
    let name = Name::new("x".repeat(LARGE));
    let mut events = Vec::new();
    let created = [GraphEvent::GraphCreated { metadata: GraphMetadata::named(name) }];
    seal(&mut tip, &context, SystemClock.now_ns(), &created, &mut events);
    AggregateAppend { aggregate: graph.into(), expected: Expected::Empty, events }
}
