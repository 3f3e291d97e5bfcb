//! Cuts an append that is too large for one atomic batch into several, between transactions.
//!
//! What was sealed as one transaction stays together, also where its events belong to several aggregates, and every
//! aggregate's events stay in order. Where that leaves a choice, the batch's own order is kept.

use std::collections::{BTreeSet, HashMap, VecDeque};

use cidgraph::chain::open_block;
use cidgraph::store::Envelope;
use cidgraph::{AggregateAppend, Expected, SealedEvent, StoreError, TransactionId};
use foldhash::fast::RandomState;

/// Returns a well-formed append as several of at most `events_max` events each, to be applied one after the other.
///
/// # Errors
/// [`StoreError::Malformed`] where one transaction has more events, or where two transactions each want to be before
/// the other.
pub(crate) fn split(batch: &[AggregateAppend], events_max: usize) -> Result<Vec<Vec<AggregateAppend>>, StoreError> {
    let mut order = Order::new(batch)?;
    let mut cut = Cut::new(batch, events_max);
    while let Some(slices) = order.next() {
        cut.push(&slices)?;
    }
    if order.is_done() {
        return Ok(cut.batches);
    }
    Err(StoreError::Malformed { reason: "transactions of several aggregates cannot be cut apart".into() })
}

/// The events of one transaction in one aggregate of the batch.
#[derive(Debug)]
struct Slice<'a> {
    /// The number of the aggregate's part.
    part: usize,
    transaction: TransactionId,
    events: &'a [SealedEvent],
}

/// The aggregates of a transaction.
#[derive(Debug, Default)]
struct Touched {
    /// The numbers of their parts.
    parts: Vec<usize>,
    /// In so many of them it is the next transaction.
    fronts: usize,
}

/// The transactions of a batch, each only after those before it in all its aggregates.
struct Order<'a> {
    /// What is left of each part.
    parts: Vec<VecDeque<Slice<'a>>>,
    touched: HashMap<TransactionId, Touched, RandomState>,
    /// Those that can be next, with their first part's number.
    ready: BTreeSet<(usize, TransactionId)>,
}

impl<'a> Order<'a> {
    fn new(batch: &'a [AggregateAppend]) -> Result<Self, StoreError> {
        let parts = (0..).zip(batch).map(|(number, part)| slices(number, part));
        let parts = parts.collect::<Result<Vec<_>, _>>()?;
        let mut touched: HashMap<TransactionId, Touched, RandomState> = HashMap::default();
        for slice in parts.iter().flatten() {
            touched.entry(slice.transaction).or_default().parts.push(slice.part);
        }
        let mut order = Self { parts, touched, ready: BTreeSet::new() };
        (0..batch.len()).for_each(|part| order.note_front(part));
        Ok(order)
    }

    /// Takes the next transaction.
    fn next(&mut self) -> Option<Vec<Slice<'a>>> {
        let (_, transaction) = self.ready.pop_first()?;
        let touched = self.touched.remove(&transaction).expect("it is ready once");
        let take = |part: &usize| self.parts[*part].pop_front().expect("it is the next of all its parts");
        let slices: Vec<_> = touched.parts.iter().map(take).collect();
        assert!(slices.iter().all(|slice| slice.transaction == transaction), "it is the next of all its parts");
        touched.parts.iter().for_each(|part| self.note_front(*part));
        Some(slices)
    }

    /// Counts that a part has another next transaction.
    fn note_front(&mut self, part: usize) {
        let Some(front) = self.parts[part].front() else { return };
        let touched = self.touched.get_mut(&front.transaction).expect("it was not taken yet");
        touched.fronts += 1;
        if touched.fronts == touched.parts.len() {
            self.ready.insert((touched.parts[0], front.transaction));
        }
    }

    fn is_done(&self) -> bool {
        self.touched.is_empty()
    }
}

/// The batches that were cut so far.
struct Cut {
    batches: Vec<Vec<AggregateAppend>>,
    events_max: usize,
    /// Events of the last batch.
    events: usize,
    /// Where each part stands in the last batch.
    places: HashMap<usize, usize, RandomState>,
    /// What the next append to each part expects; its events come later.
    next: Vec<AggregateAppend>,
}

impl Cut {
    fn new(batch: &[AggregateAppend], events_max: usize) -> Self {
        let next = |part: &AggregateAppend| AggregateAppend { events: Vec::new(), ..*part };
        let next = batch.iter().map(next).collect();
        Self { batches: vec![Vec::new()], events_max, events: 0, places: HashMap::default(), next }
    }

    /// Adds a transaction to the last batch, or to a new one where it does not fit.
    fn push(&mut self, transaction: &[Slice<'_>]) -> Result<(), StoreError> {
        let count = transaction.iter().map(|slice| slice.events.len()).sum::<usize>();
        if count > self.events_max {
            return Err(StoreError::Malformed {
                reason: "a transaction has more events than an atomic batch takes".into(),
            });
        }
        if self.events + count > self.events_max {
            self.batches.push(Vec::new());
            self.places.clear();
            self.events = 0;
        }
        self.events += count;
        let last = self.batches.last_mut().expect("there is a first one");
        for slice in transaction {
            let place = *self.places.entry(slice.part).or_insert_with(|| {
                last.push(self.next[slice.part].clone());
                last.len() - 1
            });
            last[place].events.extend_from_slice(slice.events);
            self.next[slice.part].expected = Expected::Exact(last[place].head());
        }
        Ok(())
    }
}

/// Cuts an aggregate's events into transactions.
fn slices(part: usize, append: &AggregateAppend) -> Result<VecDeque<Slice<'_>>, StoreError> {
    let transactions = append.events.split_inclusive(|event| event.transaction_remaining == 0);
    transactions.map(|events| Ok(Slice { part, transaction: transaction(&events[0])?, events })).collect()
}

fn transaction(event: &SealedEvent) -> Result<TransactionId, StoreError> {
    if let Some(envelope) = Envelope::of(&event.block) {
        return Ok(envelope.transaction);
    }
    let opened =
        open_block(&event.block).map_err(|_| StoreError::Malformed { reason: "a block is no event".into() })?;
    Ok(opened.header.metadata.transaction)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use cidgraph::chain::{ChainTip, seal};
    use cidgraph::store::conformance::Sample;
    use cidgraph::{AggregateId, CommandContext, CommandId, HashKind};

    use super::*;

    /// Returns an append to each aggregate of transactions given as (command, events); a command's are one transaction.
    fn batch(parts: &[&[(u8, usize)]]) -> Vec<AggregateAppend> {
        let part = |(number, transactions): (u64, &&[(u8, usize)])| {
            let mut tip = ChainTip::empty(AggregateId::from_u64(number), HashKind::Sha2_256);
            let mut events = Vec::new();
            for &(command, count) in *transactions {
                let context = CommandContext::new(CommandId::derive(&[7; 16], &[command]), "test");
                let samples = vec![Sample { ended: false, text: String::new() }; count];
                seal(&mut tip, &context, 1, &samples, &mut events);
            }
            AggregateAppend { aggregate: AggregateId::from_u64(number), expected: Expected::Empty, events }
        };
        (0..).zip(parts).map(part).collect()
    }

    /// Checks the laws of every cut and returns the events of each batch.
    fn check(parts: &[&[(u8, usize)]], events_max: usize) -> Result<Vec<usize>, StoreError> {
        let whole = batch(parts);
        let cut = split(&whole, events_max)?;
        let mut seen = HashSet::new();
        for batch in &cut {
            let count = batch.iter().map(|part| part.events.len()).sum::<usize>();
            assert!(count <= events_max);
            let here: HashSet<_> = batch
                .iter()
                .flat_map(|part| &part.events)
                .map(|event| transaction(event).expect("it is an event"))
                .collect();
            assert!(seen.is_disjoint(&here), "a transaction was cut");
            seen.extend(here);
        }
        for part in &whole {
            let mut expected = part.expected;
            let mut events = Vec::new();
            for piece in cut.iter().flatten().filter(|piece| piece.aggregate == part.aggregate) {
                assert_eq!(piece.expected, expected);
                expected = Expected::Exact(piece.head());
                events.extend(piece.events.clone());
            }
            assert!(events == part.events, "an aggregate's events are not in order");
        }
        Ok(cut.iter().map(|batch| batch.iter().map(|part| part.events.len()).sum()).collect())
    }

    #[test]
    fn batches_end_where_transactions_do() {
        let sizes = |parts: &[&[(u8, usize)]]| check(parts, 10).expect("it can be cut");
        assert_eq!(sizes(&[&[(0, 10)]]), [10]);
        assert_eq!(sizes(&[&[(0, 4), (1, 4), (2, 4)]]), [8, 4]);
        assert_eq!(sizes(&[&[(0, 4), (1, 7), (2, 3), (3, 1)]]), [4, 10, 1]);
        assert_eq!(sizes(&[&[(0, 6), (1, 6)], &[(2, 4), (3, 4)]]), [6, 10, 4]);
    }

    #[test]
    fn a_transaction_of_several_aggregates_stays_together() {
        let sizes = |parts: &[&[(u8, usize)]]| check(parts, 10).expect("it can be cut");
        assert_eq!(sizes(&[&[(0, 5), (1, 5)], &[(1, 5), (2, 5)]]), [5, 10, 5]);
        assert_eq!(sizes(&[&[(1, 3)], &[(0, 6), (1, 3), (2, 1)], &[(3, 9), (1, 3)]]), [6, 9, 10]);
    }

    #[test]
    fn what_cannot_be_cut_is_refused() {
        let refused = |parts: &[&[(u8, usize)]], expected: &str| match check(parts, 10) {
            Err(StoreError::Malformed { reason }) => assert!(reason.contains(expected), "{reason}"),
            answer => panic!("{answer:?}"),
        };
        refused(&[&[(0, 1), (1, 11)]], "more events than an atomic batch");
        refused(&[&[(0, 6)], &[(0, 6)]], "more events than an atomic batch");
        refused(&[&[(0, 6), (1, 6)], &[(1, 1), (0, 1)]], "cannot be cut apart");
    }
}
