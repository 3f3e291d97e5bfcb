//! Random scripts, played on a graph and its model at once.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::Arc;

use cidgraph::pool::Names;
use cidgraph::state::{Folded, Generation};
use cidgraph::{EdgeEntity, EdgeId};
use proptest::prelude::*;

use crate::comparison::check;
use crate::content::{caller_id, components, edge_kind, edge_properties, node};
use crate::model::{Event, State};
use crate::subject::{Savepoint, Subject};

/// One step; what its numbers mean depends on what there is when it is taken.
#[derive(Debug, Clone)]
pub enum Step {
    AddNode(u8, u8),
    RemoveNode(u8),
    ChangeNode(u8, u8),
    AddEdge(u8, u8, u8),
    ChangeEdge(u8, u8),
    RemoveEdge(u8),
    NextVersion,
    Publish,
    Savepoint,
    Rollback,
    /// Folds one of the published versions that the generation has, and lets what came after happen again.
    Fold(u8),
    /// The same, with what was before.
    FoldHistory(u8),
}

pub fn steps() -> impl Strategy<Value = Vec<Step>> {
    let number = any::<u8>;
    let step = prop_oneof![
        6 => (number(), number()).prop_map(|(node, content)| Step::AddNode(node, content)),
        2 => number().prop_map(Step::RemoveNode),
        3 => (number(), number()).prop_map(|(node, content)| Step::ChangeNode(node, content)),
        10 => (number(), number(), number()).prop_map(|(from, to, content)| Step::AddEdge(from, to, content)),
        3 => (number(), number()).prop_map(|(edge, content)| Step::ChangeEdge(edge, content)),
        3 => number().prop_map(Step::RemoveEdge),
        5 => Just(Step::NextVersion),
        3 => Just(Step::Publish),
        2 => Just(Step::Savepoint),
        2 => Just(Step::Rollback),
        1 => number().prop_map(Step::Fold),
        2 => number().prop_map(Step::FoldHistory),
    ];
    prop::collection::vec(step, 0..90)
}

pub struct Play {
    pub subject: Subject,
    pub names: Arc<Names>,
    /// Every state by version, those of the draft among them.
    pub past: Vec<State>,
    /// What happened at each version.
    pub log: Vec<Vec<Event>>,
    published: usize,
    is_open: bool,
    savepoints: Vec<(Savepoint, usize)>,
    /// Former generations, with the versions that readers may still look at.
    kept: Vec<(Arc<Generation>, RangeInclusive<u64>)>,
    seen_edges: BTreeSet<EdgeId>,
}

impl Play {
    pub fn new() -> Self {
        let names = Arc::new(Names::new());
        Self {
            subject: Subject::new(&names),
            names,
            past: vec![State::default()],
            log: vec![Vec::new()],
            published: 0,
            is_open: false,
            savepoints: Vec::new(),
            kept: Vec::new(),
            seen_edges: (0..8).map(EdgeId::from_u64).collect(),
        }
    }

    pub fn now(&self) -> &State {
        self.past.last().unwrap()
    }

    pub fn version(&self) -> u64 {
        self.past.len() as u64 - 1
    }

    pub fn step(&mut self, step: &Step) {
        match step {
            Step::NextVersion => self.is_open = false,
            Step::Publish => self.publish(),
            Step::Savepoint => {
                self.is_open = false;
                self.savepoints.push((self.subject.savepoint(), self.past.len()));
            }
            Step::Rollback => self.rollback(),
            Step::Fold(back) => self.fold(*back, Subject::fold),
            Step::FoldHistory(back) => self.fold(*back, Subject::fold_history),
            Step::AddNode(..)
            | Step::RemoveNode(_)
            | Step::ChangeNode(..)
            | Step::AddEdge(..)
            | Step::ChangeEdge(..)
            | Step::RemoveEdge(_) => {
                if let Some(event) = self.event(step) {
                    self.happen(event);
                }
            }
        }
    }

    /// Turns a step into an event that is possible now.
    fn event(&self, step: &Step) -> Option<Event> {
        let now = self.now();
        let node_at = |number: u8| pick(&now.nodes, number).map(|node| node.id);
        let edge_at = |number: u8| pick(&now.edges, number).map(|edge| edge.id);
        match step {
            Step::AddNode(number, content) => {
                let node = node(number % crate::content::NODES, *content);
                now.find_node(node.id).is_none().then_some(Event::AddNode(node))
            }
            Step::RemoveNode(number) => node_at(*number).map(Event::RemoveNode),
            Step::ChangeNode(number, content) => Some(Event::ChangeNode(node_at(*number)?, components(*content))),
            Step::AddEdge(from, to, content) => {
                let id = caller_id(*content).filter(|id| now.find_edge(*id).is_none());
                let edge = EdgeEntity::new(node_at(*from)?, edge_kind(*content), node_at(*to)?);
                Some(Event::AddEdge(EdgeEntity { id, ..edge.with_properties(edge_properties(content / 3)) }))
            }
            Step::ChangeEdge(number, content) => Some(Event::ChangeEdge(edge_at(*number)?, edge_properties(*content))),
            Step::RemoveEdge(number) => edge_at(*number).map(Event::RemoveEdge),
            Step::NextVersion
            | Step::Publish
            | Step::Savepoint
            | Step::Rollback
            | Step::Fold(_)
            | Step::FoldHistory(_) => None,
        }
    }

    fn happen(&mut self, event: Event) {
        if !self.is_open {
            self.is_open = true;
            self.subject.begin();
            self.past.push(self.now().clone());
            self.log.push(Vec::new());
        }
        let index = self.subject.apply(&event);
        let version = self.version();
        let now = self.past.last_mut().unwrap();
        now.apply(&event, version, index);
        self.seen_edges.extend(now.edges.iter().map(|edge| edge.id));
        self.log.last_mut().unwrap().push(event);
    }

    fn publish(&mut self) {
        self.subject.publish();
        self.savepoints.clear();
        self.published = self.past.len() - 1;
        self.is_open = false;
    }

    fn rollback(&mut self) {
        let Some((savepoint, versions)) = self.savepoints.pop() else { return };
        self.subject.rollback(&savepoint);
        self.past.truncate(versions);
        self.log.truncate(versions);
        self.is_open = false;
    }

    fn fold(&mut self, back: u8, fold: fn(&Subject, u64) -> Folded) {
        self.publish();
        let first = self.subject.generation.base().version();
        let folded = fold(&self.subject, self.version() - u64::from(back) % (self.version() - first + 1));
        let next = self.subject.successor(&folded);
        let former = std::mem::replace(&mut self.subject, next);
        self.kept.push((former.generation, first..=self.version()));
        let after = usize::try_from(self.subject.version()).unwrap() + 1;
        for events in &self.log[after..] {
            self.subject.begin();
            for event in events {
                self.subject.apply(event);
            }
        }
        self.subject.publish();
    }

    fn check_version(&self, generation: &Generation, version: u64) {
        let state = &self.past[usize::try_from(version).unwrap()];
        check(generation.at(generation.stamp(version)), state, &self.seen_edges);
    }

    /// Checks the newest version, the published one and some older one.
    pub fn check_some(&self, choice: usize) {
        let generation = &self.subject.generation;
        let (first, last) = (generation.base().version(), self.version());
        self.check_version(generation, last);
        self.check_version(generation, (self.published as u64).max(first));
        self.check_version(generation, first + choice as u64 % (last - first + 1));
        if let Some((former, versions)) = pick(&self.kept, choice) {
            self.check_version(former, *versions.end());
        }
    }

    /// Plays what happened on a graph of its own, without folds and without what was taken back.
    pub fn straight(&self) -> Subject {
        Self::replayed(Subject::new(&self.names), &self.log[1..])
    }

    /// Lets versions happen to a graph.
    pub fn replayed(mut subject: Subject, versions: &[Vec<Event>]) -> Subject {
        for events in versions {
            subject.begin();
            for event in events {
                subject.apply(event);
            }
        }
        subject
    }

    /// Checks every version in every generation that has it.
    pub fn check_all(&self) {
        let generation = &self.subject.generation;
        (generation.base().version()..=self.version()).for_each(|version| self.check_version(generation, version));
        for (former, versions) in &self.kept {
            versions.clone().for_each(|version| self.check_version(former, version));
        }
    }
}

fn pick<T>(choices: &[T], number: impl Into<usize>) -> Option<&T> {
    choices.get(number.into() % choices.len().max(1))
}
