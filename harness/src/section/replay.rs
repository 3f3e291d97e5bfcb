//! How fast a whole log is read and verified, against SHA-256 alone on all cores over the same blocks.

use std::path::Path;

use bytes::Bytes;
use cidgraph::chain::LogVerifier;
use cidgraph::{ChainError, EventStore, StoreError};

use super::context::SectionOutcome;
use super::service::ServiceError;
use super::stores::StoreSource;
use crate::measure::{Stopwatch, hash_rate};
use crate::number;
use crate::target::Reached;

/// Events of one read.
const PAGE: usize = 16_384;

/// Blocks over which SHA-256 alone is measured, at most.
const BLOCKS_MAX: usize = 100_000;

/// Reads and verifies the whole store, `rounds` times; the best round counts and all are samples.
///
/// # Errors
/// Those of the store, and the first break of a chain.
///
/// # Panics
/// Where the store is empty or there are no rounds.
pub async fn replay_and_verify(store: &dyn EventStore, rounds: usize) -> Result<SectionOutcome, ServiceError> {
    assert!(rounds > 0, "there is nothing to measure");
    let mut outcome = SectionOutcome::new("replay and verify");
    let watch = Stopwatch::start();
    let blocks: Vec<Bytes> = read_blocks(store).await.map_err(ServiceError::new)?;
    let hash = hash_rate(&blocks, 5);
    let mut rates = Vec::with_capacity(rounds);
    let mut events = 0;
    for _ in 0..rounds {
        let round = Stopwatch::start();
        events = verify_log(store).await?;
        rates.push(round.read().rate(events));
    }
    let rate = rates.iter().copied().fold(0.0, f64::max);
    let conditions =
        format!("{}/s against {}/s", number::short(number::round(rate)), number::short(number::round(hash.all_cores)));
    let reached = Reached { events, ..Reached::default() };
    outcome.measure("verify_ratio", rate / hash.all_cores, reached, conditions);
    outcome.report.higher("streamed_verify_rate", "events/s", rate, rates);
    Ok(outcome.timed(&watch))
}

/// Checks every byte, CID and link of the durable store in `folder`, `rounds` times, against SHA-256 alone on all cores
/// over the same blocks; the best round counts.
///
/// # Errors
/// Those of the store, the first damage among them.
///
/// # Panics
/// Where the store is empty or there are no rounds.
pub async fn full_verify(
    stores: &dyn StoreSource,
    folder: &Path,
    rounds: usize,
) -> Result<SectionOutcome, ServiceError> {
    assert!(rounds > 0, "there is nothing to measure");
    let mut outcome = SectionOutcome::new("replay and verify");
    let watch = Stopwatch::start();
    let store = stores.open_to_read(folder).await.map_err(ServiceError::new)?;
    let blocks = read_blocks(store.as_ref()).await.map_err(ServiceError::new)?;
    let hash = hash_rate(&blocks, 5);
    let mut rates = Vec::with_capacity(rounds);
    let mut events = 0;
    for _ in 0..rounds {
        let round = Stopwatch::start();
        events = stores.verify(folder).await?;
        rates.push(round.read().rate(events));
    }
    let rate = rates.iter().copied().fold(0.0, f64::max);
    let conditions =
        format!("{}/s against {}/s", number::short(number::round(rate)), number::short(number::round(hash.all_cores)));
    let reached = Reached { events, ..Reached::default() };
    outcome.measure("verify_ratio", rate / hash.all_cores, reached, conditions);
    outcome.report.higher("full_verify_rate", "events/s", rate, rates);
    outcome.report.higher("hash_rate_all_cores", "blocks/s", hash.all_cores, Vec::new());
    Ok(outcome.timed(&watch))
}

async fn read_blocks(store: &dyn EventStore) -> Result<Vec<Bytes>, StoreError> {
    let stored = store.read_all(1, BLOCKS_MAX).await?;
    Ok(stored.into_iter().map(|stored| stored.event.block).collect())
}

/// Reads the whole log, checks every block, CID and link, and returns how many events there are.
///
/// # Errors
/// Those of the store, and the first break of a chain.
pub async fn verify_log(store: &dyn EventStore) -> Result<u64, ServiceError> {
    let mut verifier = LogVerifier::new();
    let (mut events, mut next) = (0, 1);
    loop {
        let page = store.read_all(next, PAGE).await.map_err(ServiceError::new)?;
        let Some(last) = page.last() else { return Ok(events) };
        next = last.sequence + 1;
        events += number::count(page.len());
        let first: Option<ChainError> = verifier.push(&page).into_iter().next();
        if let Some(error) = first {
            return Err(ServiceError::new(error));
        }
    }
}
