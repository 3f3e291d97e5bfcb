//! An event-sourced property graph: every change a content-addressed event, every answer from a compact read model.
//!
//! The modules in reading order; each imports only from those above it.

pub mod id;
pub mod sha256;
pub mod cid;
pub mod merkle;
pub mod value;
pub mod clock;
pub mod ledger;
pub mod entity;
pub mod view;
pub mod dag_cbor;
pub mod event;
pub mod graph_codec;
pub mod command;
pub mod store;
pub mod chain;
pub mod car;
pub mod archive;
pub mod aggregate;
pub mod pages;
pub mod slab;
pub mod packed;
pub mod sections;
pub mod arena;
pub mod topology;
pub mod algorithm;
pub mod pool;
pub mod index;
pub mod state;
pub mod footprint;
pub mod cache;
pub mod metrics;
pub mod read_model;
pub mod writer;
pub mod machine;
pub mod graph;
pub mod checkpoint;
pub mod proof;
pub mod snapshot;
pub mod shelf;
pub mod stream;
pub mod subscription;
pub mod history;
pub mod engine;
pub mod bridge;
#[cfg(feature = "conformance")]
pub mod conformance;
#[cfg(any(test, feature = "testkit"))]
pub mod testkit;

pub use aggregate::{Draft, Savepoint, StateMachineAggregate};
pub use archive::{Archive, ArchiveError, Archived};
pub use bridge::{
    AsyncSyncBridge, BatchConfig, BridgeCommand, BridgeError, BridgeEvent, FeedError, FeedId, FeedStart, GraphUpdate,
    LocalFeed, Origin,
};
pub use cache::{CacheConfig, CacheStatistics, GraphCache, QueryCache};
pub use car::{CarError, CarReader, CarSection, CarWriter};
pub use chain::{ChainError, ChainTip, EventHeader, Metadata};
pub use checkpoint::{CheckpointPolicy, Checkpointer};
pub use cid::{Cid, HashKind};
pub use clock::{Clock, Ids, ManualClock, RandomIds, SequentialIds, SystemClock};
pub use command::{CommandContext, GraphCommand, Limits, Rejected};
pub use engine::{Checkpointing, Engine, EngineBuilder, Error, ErrorKind, Graph, GraphReplicas};
pub use entity::{
    Component, ConceptualPoint, EdgeEntity, GraphMetadata, Key, NodeEntity, NodeUpdate, TransformOperation,
};
pub use event::{DecodeError, EventPayload, GraphEvent};
pub use graph::{GraphAggregate, GraphDrafts, GraphMutation, GraphReader, Placement};
pub use history::{GraphDiff, GraphHistory, GraphReplayService, HistoryError, Moment};
pub use id::{AggregateId, CausationId, CommandId, CorrelationId, EdgeId, EventId, GraphId, NodeId, TransactionId};
pub use ledger::{MemoryLedger, MemoryLine};
pub use machine::TransactionalCommandHandler;
pub use metrics::{Metrics, MetricsSnapshot, Operation};
pub use proof::{Proof, Proven, Prover};
pub use read_model::{
    Answer, Criterion, GraphMetrics, GraphQuery, GraphReadModel, NodePage, NodeQuery, NodeRef, OrderBy, QueryError,
    Real,
};
pub use shelf::{Shelf, ShelfConfig, ShelvedGraphs};
pub use snapshot::{Snapshot, SnapshotDamage, SnapshotError, SnapshotInfo};
pub use state::{GraphInfo, GraphView};
pub use store::{
    AggregateAppend, Appended, Capabilities, Damage, Durability, EventStore, Expected, Head, ObjectError, ObjectInfo,
    ObjectStore, Refusal, SealedEvent, StoreError, StoredEvent, StreamFilter,
};
pub use stream::{EventFilter, EventStreamService, EventStreamTransaction, ReplayPolicy, TransactionOptions};
pub use subscription::{GraphEventProcessor, GraphSink, GraphTransaction, SubscriptionHandler, SubscriptionManager};
pub use value::{Name, Properties, Value};
pub use view::{EdgeView, NodeView};
pub use writer::{Receipt, Registry, Submission, WriteError, WriterConfig, WriterHandle};

/// The first program of the README, compiled.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
