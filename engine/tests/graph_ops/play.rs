//! The script that bytes stand for: submissions, failed groups, publications, folds, foreign events, reloads.

use std::sync::Arc;

use cidgraph::aggregate::Rest;
use cidgraph::dag_cbor::{Decoder, Encoder};
use cidgraph::pool::ComponentRegistry;
use cidgraph::store::Head;
use cidgraph::{
    Cid, Draft, EdgeEntity, EventPayload, GraphAggregate, GraphEvent, GraphReader, HashKind, NodeEntity, NodeId,
    Savepoint,
};

use super::commands::{Input, command, graph};
use super::compare::Seen;
use super::facets::{self, Recorder};
use super::followed::Followed;
use super::model::{LIMITS, Model};

/// How much is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thoroughness {
    /// Everything but the state hash, which takes milliseconds.
    Quick,
    /// Everything.
    Full,
}

/// Rows that are worth a fold at rest.
const CHURN: u64 = 1100;

/// Plays a script and checks the aggregate against the model after each step.
pub fn play(bytes: &[u8], thoroughness: Thoroughness) {
    let mut input = Input::new(bytes);
    let mut player = Player::new(thoroughness);
    while !input.is_empty() {
        player.step(&mut input);
        player.aggregate.validate().expect("what is derived is what the state makes it");
    }
    player.publish();
    player.fold();
    player.finish();
}

struct Player {
    thoroughness: Thoroughness,
    aggregate: GraphAggregate,
    reader: GraphReader,
    recorder: Arc<Recorder>,
    /// The state with what is not published.
    model: Model,
    /// The events so far, each of the next version.
    events: Vec<GraphEvent>,
    /// The last publications, newest last.
    seen: Vec<Seen>,
    /// Where a group that is being decided began.
    group: Option<(Savepoint, Model)>,
    followed: Followed,
}

impl Player {
    fn new(thoroughness: Thoroughness) -> Self {
        let recorder = Arc::new(Recorder::default());
        let (aggregate, reader) =
            GraphAggregate::fresh(graph(), LIMITS, ComponentRegistry::default(), Some(recorder.clone()));
        let aggregate = aggregate.marking_buckets();
        let model = Model::default();
        let seen = vec![Seen { view: reader.view(), model: model.clone() }];
        let (events, group, followed) = (Vec::new(), None, Followed::default());
        Self { thoroughness, aggregate, reader, recorder, model, events, seen, group, followed }
    }

    fn step(&mut self, input: &mut Input<'_>) {
        match input.below(22) {
            0..=8 => self.submit(input),
            9..=12 => self.publish(),
            13 => self.fail_group(),
            14 => drop(self.rest_once()),
            15 => self.fold(),
            16 => self.churn_nodes(),
            17 => self.churn_edges(),
            18 => self.foreign_event(input),
            19 => self.compare_reloaded(usize::from(input.below(5)) + 1),
            20 => self.resume(),
            _ => self.resume_frozen(),
        }
    }

    /// Decides one to four commands as one transaction: all, or none.
    fn submit(&mut self, input: &mut Input<'_>) {
        if self.group.is_none() {
            self.group = Some((self.aggregate.savepoint(), self.model.clone()));
        }
        let (savepoint, before) = (self.aggregate.savepoint(), self.model.clone());
        for _ in 0..=input.below(4) {
            let command = command(input, &self.model);
            let decided = self.aggregate.decide(&command);
            let expected = self.model.execute(graph(), &command);
            assert_eq!(decided.is_ok(), expected, "{command:?}: {decided:?}");
            let Ok(decided) = decided else {
                self.aggregate.roll_back(savepoint);
                self.events.truncate(usize::try_from(before.version).expect("versions are few"));
                self.model = before;
                return;
            };
            let [event] = decided.try_into().expect("a small command brings about one event");
            let event = written_and_read(&event);
            self.aggregate.apply(&event, self.model.version).expect("what was decided fits");
            self.events.push(event);
        }
    }

    fn fail_group(&mut self) {
        if let Some((savepoint, model)) = self.group.take() {
            self.aggregate.roll_back(savepoint);
            self.events.truncate(usize::try_from(model.version).expect("versions are few"));
            self.model = model;
        }
    }

    /// Publishes what was decided, if anything was.
    fn publish(&mut self) {
        self.group = None;
        if self.model.version > self.reader.version() {
            self.aggregate.publish(head(self.model.version), self.model.version);
            let seen = Seen { view: self.reader.view(), model: self.model.clone() };
            let before = self.seen.last().expect("there is always one");
            facets::check(&self.recorder, before, &seen);
            self.seen.push(seen);
            if self.seen.len() > 3 {
                self.seen.remove(0);
            }
            self.seen.iter().for_each(Seen::check);
            self.follow();
        }
    }

    fn follow(&mut self) {
        let view = self.reader.view();
        self.followed.nodes(&self.events, &view);
        if self.thoroughness == Thoroughness::Full {
            self.followed.tree(&view);
        }
    }

    fn rest_once(&mut self) -> Rest {
        self.publish();
        let rest = self.aggregate.rest();
        Seen { view: self.reader.view(), model: self.model.clone() }.check();
        rest
    }

    fn fold(&mut self) {
        while self.rest_once() == Rest::Again {
            std::thread::yield_now();
        }
        self.seen.iter().for_each(Seen::check);
    }

    /// Goes on with another aggregate that begins with what is published.
    fn resume(&mut self) {
        self.publish();
        let view = self.reader.view();
        let registry = ComponentRegistry::default();
        (self.aggregate, self.reader) = GraphAggregate::resume(&view, LIMITS, registry, Some(self.recorder.clone()));
        *self.seen.last_mut().expect("there is always one") =
            Seen { view: self.reader.view(), model: self.model.clone() };
        self.seen.iter().for_each(Seen::check);
        if self.thoroughness == Thoroughness::Full {
            assert_eq!(self.reader.view().state_hash(), view.state_hash(), "resumed = live");
        }
    }

    /// Goes on with an aggregate over a base that holds all that was published, and that another one goes on from too.
    fn resume_frozen(&mut self) {
        self.resume();
        assert_eq!(self.reader.view().at().stamp(), 0, "a view with rows since the base was folded");
        let base = Arc::clone(self.reader.view().generation().base());
        self.resume();
        assert!(Arc::ptr_eq(&base, self.reader.view().generation().base()), "a base alone is taken as it is");
    }

    fn is_open(&self) -> bool {
        self.model.metadata.is_some() && self.model.archived.is_none()
    }

    /// Tries out many nodes and takes them back.
    fn churn_nodes(&mut self) {
        let nodes = (0..CHURN).map(|number| NodeEntity::new(NodeId::from_u64(1000 + number), "Thing"));
        self.try_out(GraphEvent::NodesAdded { nodes: nodes.collect() });
    }

    /// Tries out many edges and takes them back.
    fn churn_edges(&mut self) {
        let Some(node) = self.model.nodes.keys().next() else { return };
        let edges =
            (0..CHURN).map(|number| EdgeEntity::new(*node, "knows", *node).with_properties([("a", number as i64)]));
        self.try_out(GraphEvent::EdgesConnected { edges: edges.collect() });
    }

    fn try_out(&mut self, event: GraphEvent) {
        if self.is_open() {
            let savepoint = self.aggregate.savepoint();
            self.aggregate.apply(&event, self.model.version + 1).expect("it fits");
            self.aggregate.roll_back(savepoint);
        }
    }

    /// Applies what another program may have written, and takes it back whether it fits or not.
    fn foreign_event(&mut self, input: &mut Input<'_>) {
        let event = written_and_read(&input.foreign_event(&self.model));
        let savepoint = self.aggregate.savepoint();
        let applied = self.aggregate.apply(&event, self.model.version + 1);
        if applied.is_ok() {
            self.aggregate.validate().expect("what fits leaves a whole state");
        }
        self.aggregate.roll_back(savepoint);
    }

    /// Replays everything, published every `every` events, and compares.
    fn compare_reloaded(&mut self, every: usize) {
        let (mut aggregate, reader) = GraphAggregate::fresh(graph(), LIMITS, ComponentRegistry::default(), None);
        let last = self.events.len();
        for (number, event) in (1..).zip(&self.events) {
            let version = number as u64;
            aggregate.apply(event, version).expect("what was decided once fits again");
            if number % every == 0 || number == last {
                aggregate.publish(head(version), version);
            }
        }
        aggregate.validate().expect("what is derived is what the state makes it");
        let reloaded = Seen { view: reader.view(), model: self.model.clone() };
        reloaded.check();
        if self.thoroughness == Thoroughness::Full && self.group.is_none() {
            assert_eq!(reloaded.view.state_hash(), self.reader.view().state_hash(), "replay = live");
        }
    }

    fn finish(&mut self) {
        for every in [1, 7] {
            self.compare_reloaded(every);
        }
    }
}

fn head(version: u64) -> Head {
    Head { version, cid: Cid::of_block(HashKind::Sha2_256, &version.to_be_bytes()) }
}

/// Returns the event as it is read again from a block.
fn written_and_read(event: &GraphEvent) -> GraphEvent {
    let mut payload = Vec::new();
    event.encode(&mut Encoder::new(&mut payload));
    let mut events = Vec::new();
    GraphEvent::decode(event.event_type(), event.schema(), &mut Decoder::new(&payload), &mut events)
        .expect("what was written can be read");
    events.pop().expect("an event of today's schema means one event")
}
