//! A graph aggregate to which something has happened, asked one command at a time; and commands to ask it.

use cidgraph::pool::ComponentRegistry;
use cidgraph::store::Head;
use cidgraph::{
    Cid, Component, Draft, EdgeId, GraphAggregate, GraphCommand, GraphEvent, GraphId, GraphMetadata, GraphReader,
    GraphView, HashKind, Limits, NodeId, Rejected, Value,
};

pub fn graph() -> GraphId {
    GraphId::named("rules")
}

pub fn node(number: u64) -> NodeId {
    NodeId::from_u64(number)
}

pub fn edge_id(number: u64) -> EdgeId {
    EdgeId::from_u64(number)
}

pub fn link(node: NodeId) -> Value {
    Value::Bytes(node.as_bytes().as_slice().into())
}

pub fn parent_component(parent: NodeId) -> Component {
    Component::new("Hierarchy", [("parent", link(parent))])
}

#[derive(Debug)]
pub struct Given {
    pub aggregate: GraphAggregate,
    pub version: u64,
    reader: GraphReader,
    limits: Limits,
    registry: ComponentRegistry,
    events: Vec<GraphEvent>,
}

impl Given {
    pub fn new() -> Self {
        Self::with(Limits::default(), ComponentRegistry::default())
    }

    pub fn with(limits: Limits, registry: ComponentRegistry) -> Self {
        let (aggregate, reader) = GraphAggregate::fresh(graph(), limits, registry.clone(), None);
        Self { aggregate, version: 0, reader, limits, registry, events: Vec::new() }
    }

    #[must_use]
    pub fn created(self) -> Self {
        self.command(GraphCommand::CreateGraph { metadata: GraphMetadata::named("graph") })
    }

    /// Lets a command happen and publishes it.
    #[must_use]
    #[track_caller]
    pub fn command(self, command: GraphCommand) -> Self {
        let events = self.accepts(&command);
        self.events(events)
    }

    #[track_caller]
    fn events(mut self, events: Vec<GraphEvent>) -> Self {
        for event in &events {
            self.version += 1;
            self.aggregate.apply(event, self.version).expect("what was decided fits");
        }
        self.events.extend(events);
        let cid = Cid::of_block(HashKind::Sha2_256, &self.version.to_be_bytes());
        self.aggregate.publish(Head { version: self.version, cid }, self.version);
        self.aggregate.validate().expect("what is derived is what the state makes it");
        self
    }

    #[track_caller]
    pub fn accepts(&self, command: &GraphCommand) -> Vec<GraphEvent> {
        self.aggregate.decide(command).expect("no rule forbids it")
    }

    #[track_caller]
    pub fn rejects(&self, command: &GraphCommand, expected: Rejected) {
        assert_eq!(self.aggregate.decide(command).expect_err("a rule forbids it"), expected);
    }

    /// Decides commands one after another, the last of which is refused, and takes them back.
    #[track_caller]
    pub fn try_and_refuse(&mut self, commands: &[GraphCommand]) {
        let before = self.aggregate.savepoint();
        let (last, first) = commands.split_last().expect("there is a command");
        for (version, command) in (self.version + 1..).zip(first) {
            let events = self.accepts(command);
            self.aggregate.apply(&events[0], version).expect("what was decided fits");
        }
        self.aggregate.decide(last).expect_err("a rule forbids it");
        self.aggregate.roll_back(before);
        self.aggregate.validate().expect("nothing is left");
    }

    /// Applies an event that does not fit, and takes back what it did.
    #[track_caller]
    pub fn misfits(&mut self, event: &GraphEvent) {
        let before = self.aggregate.savepoint();
        assert!(self.aggregate.apply(event, self.version + 1).is_err(), "{event:?} fits");
        self.aggregate.roll_back(before);
        self.aggregate.validate().expect("nothing is left");
    }

    /// Replays what happened, as it is read again from blocks.
    #[must_use]
    pub fn replayed(&self) -> Self {
        let read = self.events.iter().map(written_and_read).collect();
        Self::with(self.limits, self.registry.clone()).events(read)
    }

    pub fn view(&self) -> GraphView {
        self.reader.view()
    }

    pub fn hash(&self) -> [u8; 32] {
        self.view().state_hash()
    }

    pub fn first_edge(&self) -> EdgeId {
        let view = self.view();
        let edge = view.at().edges().next().expect("there is an edge");
        view.at().edge_id(edge)
    }
}

fn written_and_read(event: &GraphEvent) -> GraphEvent {
    use cidgraph::EventPayload;
    use cidgraph::dag_cbor::{Decoder, Encoder};
    let mut payload = Vec::new();
    event.encode(&mut Encoder::new(&mut payload));
    let mut events = Vec::new();
    GraphEvent::decode(event.event_type(), event.schema(), &mut Decoder::new(&payload), &mut events)
        .expect("what was written can be read");
    events.pop().expect("an event of today's schema means one event")
}
