//! Where two stores part: the first event of a graph that they do not have alike, or the first state.

use crate::chain::verify_block_in_place;
use crate::cid::Cid;
use crate::id::AggregateId;
use crate::stream::AggregateStream;

use super::error::HistoryError;
use super::graph_history::GraphHistory;
use super::moment::Moment;

/// Where two histories of a graph part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parting {
    /// Their chains: from this version on they have other events.
    Chains {
        /// The first version that differs.
        version: u64,
        /// The first store's event; `None` where its chain ends before.
        first: Option<Cid>,
        /// The second store's event; `None` where its chain ends before.
        second: Option<Cid>,
    },
    /// Their states: the chains are the same, but what they are replayed to is not.
    States {
        /// The end of the first transaction behind which the states differ.
        version: u64,
        /// That transaction's last event, in both stores.
        cid: Cid,
        /// The state hash in the first store.
        first: [u8; 32],
        /// The state hash in the second store.
        second: [u8; 32],
    },
}

/// Finds where two histories of a graph part, `None` where they do not.
///
/// A binary search: each event's CID stands for all events before it. Only where both chains are the same the states are
/// compared, in the same way; a state that differs is taken to differ ever after.
///
/// # Errors
/// Where one of them has no such graph, cannot be read, or does not hold where it is looked at.
pub async fn bisect(first: &GraphHistory, second: &GraphHistory) -> Result<Option<Parting>, HistoryError> {
    let (here, there) = (first.now().await?.head, second.now().await?.head);
    let common = here.version.min(there.version);
    if let Some(version) =
        first_parted(common, async |version| Ok(cid_at(first, version).await? != cid_at(second, version).await?))
            .await?
    {
        let (first, second) = (cid_at(first, version).await?, cid_at(second, version).await?);
        return Ok(Some(Parting::Chains { version, first: Some(first), second: Some(second) }));
    }
    if here.version != there.version {
        let version = common + 1;
        let next = async |history: &GraphHistory, last: u64| match last > common {
            true => cid_at(history, version).await.map(Some),
            false => Ok(None),
        };
        let (first, second) = (next(first, here.version).await?, next(second, there.version).await?);
        return Ok(Some(Parting::Chains { version, first, second }));
    }
    states_part(first, second, common).await
}

async fn states_part(first: &GraphHistory, second: &GraphHistory, last: u64) -> Result<Option<Parting>, HistoryError> {
    let differ = async |version: u64| match hash_at(first, version).await? {
        None => Ok(false),
        hash => Ok(hash != hash_at(second, version).await?),
    };
    if !differ(last).await? {
        return Ok(None);
    }
    let Some(version) = first_parted(last, differ).await? else { return Ok(None) };
    let place = first.place(Moment::Version(version)).await?;
    let hashes = (hash_at(first, version).await?, hash_at(second, version).await?);
    let (Some(first), Some(second)) = hashes else { return Ok(None) };
    Ok(Some(Parting::States { version: place.head.version, cid: place.head.cid, first, second }))
}

/// Returns the first version up to `last` at which they have parted; at later ones they have too.
async fn first_parted(
    last: u64,
    has_parted: impl AsyncFn(u64) -> Result<bool, HistoryError>,
) -> Result<Option<u64>, HistoryError> {
    let (mut low, mut high) = (1, last + 1);
    while low < high {
        let middle = low.midpoint(high);
        if has_parted(middle).await? { high = middle } else { low = middle + 1 }
    }
    Ok((low <= last).then_some(low))
}

async fn cid_at(history: &GraphHistory, version: u64) -> Result<Cid, HistoryError> {
    let stream = AggregateStream { store: &history.store, aggregate: AggregateId::from(history.graph) };
    let stored = stream.one(version).await?;
    Ok(verify_block_in_place(&stored.event, Some(stored.sequence))?.1.cid)
}

/// Returns the state hash behind the last transaction that ended by a version; `None` where none had.
async fn hash_at(history: &GraphHistory, version: u64) -> Result<Option<[u8; 32]>, HistoryError> {
    match history.at(Moment::Version(version)).await {
        Ok(state) => Ok(Some(state.state_hash())),
        Err(HistoryError::BeforeFirst { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
