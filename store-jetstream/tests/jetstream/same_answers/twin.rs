//! Two stores that are asked the same. Sequences are compared by their rank, for one of the stores may leave gaps;
//! durability is each store's own.

use std::time::Duration;

use cidgraph::store::conformance::{Sample, SampleStream};
use cidgraph::{
    AggregateAppend, AggregateId, Appended, EventStore, HashKind, Head, SealedEvent, StoreError, StoredEvent,
    StreamFilter,
};
use cidgraph_store_jetstream::{JetStreamConfig, JetStreamStore};
use cidgraph_store_memory::MemoryStore;
use futures::StreamExt;

use super::operation::{Malformed, Operation, STREAMS};

/// How long an event that is there may take to come.
const PATIENCE: Duration = Duration::from_secs(30);

/// What both say to an append; an error as it is shown, with all that it names.
type Answer = Result<(Vec<(AggregateId, Head)>, u64, u64), String>;

/// Both stores, and what was appended.
pub(super) struct Twin {
    memory: MemoryStore,
    jetstream: JetStreamStore,
    config: JetStreamConfig,
    /// The sequence of each event on the servers, in order.
    sequences: Vec<u64>,
    batches: Vec<Vec<AggregateAppend>>,
    /// Every stream before the first batch and after each.
    streams: Vec<Vec<SampleStream>>,
}

impl Twin {
    pub(super) fn new(jetstream: JetStreamStore, config: JetStreamConfig) -> Self {
        let fresh = (1..=STREAMS as u64).map(|number| SampleStream::new(number, HashKind::Sha2_256));
        Self {
            memory: MemoryStore::new(),
            jetstream,
            config,
            sequences: Vec::new(),
            batches: Vec::new(),
            streams: vec![fresh.collect()],
        }
    }

    pub(super) async fn take(&mut self, operation: &Operation) {
        match *operation {
            Operation::Append { streams, transactions, events } => self.append(streams, transactions, events).await,
            Operation::Stale { streams, stale, back } => self.append_stale(streams, stale, back).await,
            Operation::Malformed { how, stream } => self.append_malformed(how, stream).await,
            Operation::Again { back } => self.append_again(back.into()).await,
            Operation::Mixed { one, other } => self.append_mixed(one.into(), other.into()).await,
            Operation::Read { stream, from, limit } => self.read(stream, from.into(), limit.into()).await,
            Operation::ReadAll { from, limit } => self.read_all(from.into(), limit.into()).await,
            Operation::Follow { from, stream, ended } => self.follow(from.into(), stream, ended).await,
            Operation::Save { reader, sequence } => self.save(reader, sequence.into()).await,
            Operation::Reopen => self.jetstream = JetStreamStore::connect(self.config.clone()).await.unwrap(),
        }
        self.check_ends().await;
    }

    fn last_streams(&self) -> Vec<SampleStream> {
        self.streams.last().unwrap().clone()
    }

    async fn append(&mut self, streams: u8, transactions: u8, events: u8) {
        let mut after = self.last_streams();
        let counts = vec![u64::from(events); usize::from(transactions)];
        let chosen = (0..STREAMS).filter(|stream| streams >> stream & 1 == 1);
        let batch: Vec<_> = chosen.map(|stream| after[stream].appends(&counts)).collect();
        let (memory, jetstream) = self.both(&batch).await;
        let (memory, jetstream) = (memory.unwrap(), jetstream.unwrap());
        self.sequences.extend(jetstream.first_sequence..=jetstream.last_sequence);
        assert_eq!(self.sequences.len() as u64, memory.last_sequence, "the events of a batch stand side by side");
        assert!(self.sequences.is_sorted_by(|one, other| one < other));
        assert_eq!(self.ranked(Ok(jetstream)), Self::bare(Ok(memory)));
        self.batches.push(batch);
        self.streams.push(after);
    }

    /// Appends what must be refused: a stream's expectation is of long ago or of a time that never comes.
    async fn append_stale(&mut self, streams: u8, stale: u8, back: Option<u8>) {
        let mut now = self.last_streams();
        let stale = usize::from(stale) % STREAMS;
        let before = self.streams.len().saturating_sub(1 + usize::from(back.unwrap_or(0)));
        let mut other = self.streams[before][stale].fork();
        if other.expected() == now[stale].expected() {
            other.append(1);
        }
        let mut batch = Vec::new();
        for (number, stream) in now.iter_mut().enumerate() {
            if number == stale {
                batch.push(other.append(2));
            } else if streams >> number & 1 == 1 {
                batch.push(stream.append(1));
            }
        }
        let (memory, jetstream) = self.both(&batch).await;
        assert!(matches!(memory, Err(StoreError::Conflict { .. })), "{memory:?}");
        assert_eq!(self.ranked(jetstream), Self::bare(memory));
    }

    async fn append_malformed(&mut self, how: Malformed, stream: u8) {
        let part = self.last_streams()[usize::from(stream) % STREAMS].fork().append(3);
        let mut batch = vec![part.clone()];
        match how {
            Malformed::Empty => batch.clear(),
            Malformed::NoEvents => batch[0].events.clear(),
            Malformed::Twice => batch.push(part),
            Malformed::Gap => drop(batch[0].events.remove(1)),
            Malformed::Cut => drop(batch[0].events.pop()),
            Malformed::OtherHash => batch = vec![SampleStream::new(9, HashKind::Blake3).append(1)],
        }
        let (memory, jetstream) = self.both(&batch).await;
        assert!(matches!(memory, Err(StoreError::Malformed { .. })), "{memory:?}");
        assert_eq!(self.ranked(jetstream), Self::bare(memory));
    }

    async fn append_again(&mut self, back: usize) {
        let Some(at) = self.batches.len().checked_sub(back + 1) else { return };
        let (memory, jetstream) = self.both(&self.batches[at]).await;
        assert!(memory.is_ok(), "{memory:?}");
        assert_eq!(self.ranked(jetstream), Self::bare(memory));
    }

    async fn append_mixed(&mut self, one: usize, other: usize) {
        let from = |back: usize| self.batches.len().checked_sub(back + 1).map(|at| self.batches[at].clone());
        let (Some(mut batch), Some(others)) = (from(one), from(other)) else { return };
        batch.truncate(1);
        let first = batch[0].aggregate;
        batch.extend(others.into_iter().filter(|part| part.aggregate != first));
        let (memory, jetstream) = self.both(&batch).await;
        assert_eq!(self.ranked(jetstream), Self::bare(memory));
    }

    async fn both(&self, batch: &[AggregateAppend]) -> (Result<Appended, StoreError>, Result<Appended, StoreError>) {
        (self.memory.append(batch).await, self.jetstream.append(batch).await)
    }

    fn bare(answer: Result<Appended, StoreError>) -> Answer {
        let answer = answer.map_err(|error| format!("{error:?}"))?;
        Ok((answer.heads, answer.first_sequence, answer.last_sequence))
    }

    /// Returns an answer of the servers with ranks in the place of sequences.
    fn ranked(&self, answer: Result<Appended, StoreError>) -> Answer {
        let (heads, first, last) = Self::bare(answer)?;
        Ok((heads, self.rank(first), self.rank(last)))
    }

    fn rank(&self, sequence: u64) -> u64 {
        self.sequences.binary_search(&sequence).expect("every sequence was answered once") as u64 + 1
    }

    /// Returns the sequence on the servers of what has this rank, or will.
    fn sequence(&self, rank: u64) -> u64 {
        let past = |rank: u64| self.sequences.last().map_or(0, |last| last + rank - self.sequences.len() as u64);
        let Some(at) = rank.checked_sub(1) else { return 0 };
        self.sequences.get(usize::try_from(at).unwrap()).copied().unwrap_or_else(|| past(rank))
    }

    fn same(&self, jetstream: Vec<StoredEvent>, memory: &[StoredEvent]) {
        let ranked = |stored: StoredEvent| StoredEvent { sequence: self.rank(stored.sequence), ..stored };
        assert_eq!(jetstream.into_iter().map(ranked).collect::<Vec<_>>(), memory);
    }

    async fn read(&self, stream: u8, from: u64, limit: usize) {
        let aggregate = AggregateId::from_u64(u64::from(stream) % (STREAMS as u64 + 1) + 1);
        let memory = self.memory.read(aggregate, from, limit).await.unwrap();
        self.same(self.jetstream.read(aggregate, from, limit).await.unwrap(), &memory);
    }

    async fn read_all(&self, from: u64, limit: usize) {
        let memory = self.memory.read_all(from, limit).await.unwrap();
        self.same(self.jetstream.read_all(self.sequence(from), limit).await.unwrap(), &memory);
    }

    async fn follow(&self, from: u64, stream: Option<u8>, ended: bool) {
        let aggregate = |stream: u8| AggregateId::from_u64(u64::from(stream) % STREAMS as u64 + 1);
        let filter = match (stream, ended) {
            (Some(stream), _) => StreamFilter::Aggregate(aggregate(stream)),
            (None, true) => StreamFilter::EventType(Sample::ENDED.into()),
            (None, false) => StreamFilter::All,
        };
        let memory: Vec<_> = self.memory.read_all(from, usize::MAX).await.unwrap();
        let memory: Vec<_> = memory.into_iter().filter(|stored| filter.matches(&stored.event)).collect();
        let followed = self.jetstream.follow(self.sequence(from), filter.clone()).await.unwrap();
        let followed = tokio::time::timeout(PATIENCE, followed.take(memory.len()).collect::<Vec<_>>()).await.unwrap();
        self.same(followed.into_iter().map(Result::unwrap).collect(), &memory);
        let own = self.memory.follow(from, filter).await.unwrap().take(memory.len()).collect::<Vec<_>>().await;
        assert_eq!(own.into_iter().map(Result::unwrap).collect::<Vec<_>>(), memory);
    }

    async fn save(&self, reader: u8, sequence: u64) {
        let readers = ["reader", "another one", "a.*>/ b"];
        self.memory.save_position(readers[usize::from(reader)], sequence).await.unwrap();
        self.jetstream.save_position(readers[usize::from(reader)], sequence).await.unwrap();
        for reader in readers {
            let memory = self.memory.load_position(reader).await.unwrap();
            assert_eq!(self.jetstream.load_position(reader).await.unwrap(), memory);
        }
    }

    /// The cheap answers, which are compared after every operation.
    async fn check_ends(&self) {
        for stream in 1..=STREAMS as u64 + 1 {
            let aggregate = AggregateId::from_u64(stream);
            let memory = self.memory.head(aggregate).await.unwrap();
            assert_eq!(self.jetstream.head(aggregate).await.unwrap(), memory);
        }
        let last = self.jetstream.last_sequence().await.unwrap();
        assert_eq!(last, self.sequences.last().copied().unwrap_or(0));
    }

    pub(super) async fn check_everything(&self) {
        assert_eq!(self.jetstream.list().await.unwrap(), self.memory.list().await.unwrap());
        let all = self.memory.read_all(0, usize::MAX).await.unwrap();
        let appended: Vec<&SealedEvent> = self.batches.iter().flatten().flat_map(|part| &part.events).collect();
        assert_eq!(all.iter().map(|stored| &stored.event).collect::<Vec<_>>(), appended);
        self.same(self.jetstream.read_all(0, usize::MAX).await.unwrap(), &all);
        for stream in 0..=STREAMS {
            self.read(u8::try_from(stream).unwrap(), 0, usize::MAX).await;
        }
    }
}
