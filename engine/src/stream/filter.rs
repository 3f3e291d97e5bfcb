//! Which events of a slice or a subscription are wanted.

use crate::id::{AggregateId, CorrelationId};
use crate::store::StreamFilter;
use crate::value::Name;

use super::stream_event::StreamEvent;
use super::subject::SubjectPattern;

/// Picks events by what their blocks say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventFilter {
    /// Those of one aggregate.
    ByAggregate(AggregateId),
    /// Those with one wire name.
    ByEventType(Name),
    /// Those that belong to one request.
    ByCorrelation(CorrelationId),
    /// Those that one actor asked for.
    ByActor(Name),
    /// Those whose subject fits a pattern.
    Subject(SubjectPattern),
}

impl EventFilter {
    /// Returns whether an event is wanted.
    pub fn matches(&self, event: &StreamEvent) -> bool {
        let header = &event.header;
        match self {
            Self::ByAggregate(aggregate) => header.aggregate == *aggregate,
            Self::ByEventType(name) => header.event_type == *name,
            Self::ByCorrelation(correlation) => header.metadata.correlation == *correlation,
            Self::ByActor(actor) => header.metadata.actor == *actor,
            Self::Subject(pattern) => pattern.matches(header.aggregate, &header.event_type),
        }
    }

    /// Returns the one aggregate whose events can be wanted.
    pub const fn aggregate(&self) -> Option<AggregateId> {
        match self {
            Self::ByAggregate(aggregate) => Some(*aggregate),
            Self::Subject(pattern) => pattern.aggregate(),
            Self::ByEventType(_) | Self::ByCorrelation(_) | Self::ByActor(_) => None,
        }
    }

    /// Returns the narrowest store filter that lets every wanted event through.
    pub fn store_filter(&self) -> StreamFilter {
        match self {
            Self::ByAggregate(aggregate) => StreamFilter::Aggregate(*aggregate),
            Self::ByEventType(name) => StreamFilter::EventType(name.clone()),
            Self::Subject(pattern) => pattern.store_filter(),
            Self::ByCorrelation(_) | Self::ByActor(_) => StreamFilter::All,
        }
    }
}
