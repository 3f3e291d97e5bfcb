//! A graph that a test changes step by step, published with or without nodes that its indices lack.

use std::sync::{Arc, Mutex};

use cidgraph::aggregate::Rest;
use cidgraph::footprint::{ChangeObserver, Facet};
use cidgraph::pool::{ComponentRegistry, ComponentType};
use cidgraph::store::Head;
use cidgraph::{
    Cid, Draft, EdgeEntity, EdgeId, GraphAggregate, GraphCommand, GraphId, GraphMetadata, GraphReadModel, GraphReader,
    HashKind, Limits, Name, NodeEntity, NodeId, NodeUpdate, TransformOperation, Value,
};

/// One change, in terms of node numbers and places among the edges ever connected.
#[derive(Debug, Clone)]
pub enum Step {
    Add { node: u64, kind: &'static str, color: Option<Value> },
    Remove { node: u64 },
    Set { node: u64, component: &'static str, property: &'static str, value: Value },
    Unset { node: u64, component: &'static str, property: &'static str },
    Detach { node: u64, component: &'static str },
    Move { node: u64, by: i8 },
    Connect { source: u64, target: u64, kind: &'static str, weight: Option<u8> },
    Weigh { edge: usize, weight: Option<u8> },
    Disconnect { edge: usize },
}

/// The facets that publications have touched since they were last taken.
#[derive(Debug, Default)]
struct Touched(Mutex<Vec<Facet>>);

impl ChangeObserver for Touched {
    fn is_interested(&self) -> bool {
        true
    }

    fn changed(&self, _: u64, facets: &[Facet]) {
        self.0.lock().unwrap().extend_from_slice(facets);
    }
}

/// A graph with its writer.
pub struct World {
    aggregate: GraphAggregate,
    reader: GraphReader,
    touched: Arc<Touched>,
    version: u64,
    edges: Vec<EdgeId>,
}

pub fn registry() -> ComponentRegistry {
    ComponentRegistry::default()
        .with(ComponentType::new("Visual").in_category("look"))
        .with(ComponentType::new("Rating").in_category("look"))
}

pub fn graph() -> GraphId {
    GraphId::named("world")
}

/// Returns the id of a node: of its key where the number is even, else of the number.
pub fn id(node: u64) -> NodeId {
    entity(node, "Person").id
}

/// A node of an even number has the number as its key, whatever its kind, below the kind `Person`.
fn entity(node: u64, kind: &str) -> NodeEntity {
    let key = i64::try_from(node).unwrap();
    if node.is_multiple_of(2) && kind == "Person" {
        NodeEntity::keyed(graph(), "Person", key)
    } else if node.is_multiple_of(2) {
        NodeEntity::new(NodeId::of_key(graph(), "Person", &key.into()), kind)
    } else {
        NodeEntity::new(NodeId::from_u64(node), kind)
    }
}

impl World {
    pub fn new() -> Self {
        let touched = Arc::new(Touched::default());
        let observer: Arc<dyn ChangeObserver> = Arc::<Touched>::clone(&touched);
        let (aggregate, reader) = GraphAggregate::fresh(graph(), Limits::default(), registry(), Some(observer));
        let mut world = Self { aggregate, reader, touched, version: 0, edges: Vec::new() };
        world.command(&GraphCommand::CreateGraph { metadata: GraphMetadata::named("world") });
        world.publish();
        world
    }

    pub fn of(steps: &[Step]) -> Self {
        let mut world = Self::new();
        steps.iter().for_each(|step| world.step(step));
        world.publish();
        world
    }

    /// Decides and applies a command; one that is refused changes nothing.
    pub fn command(&mut self, command: &GraphCommand) {
        let Ok(events) = self.aggregate.decide(command) else { return };
        for event in events {
            self.version += 1;
            self.aggregate.apply(&event, self.version).unwrap();
        }
    }

    pub fn step(&mut self, step: &Step) {
        let before = self.version;
        let command = self.command_of(step);
        self.command(&command);
        if matches!(step, Step::Connect { .. }) && self.version > before {
            self.edges.push(EdgeId::engine_made(self.version, 0));
        }
    }

    fn command_of(&self, step: &Step) -> GraphCommand {
        let weight = |weight: Option<u8>| weight.map(|weight| ("weight", Value::from(u32::from(weight))));
        match step {
            Step::Add { node, kind, color } => {
                let entity = entity(*node, kind);
                let node = match color {
                    Some(color) => entity.with("Visual", [("color", color.clone())]),
                    None => entity,
                };
                GraphCommand::AddNode { node }
            }
            Step::Remove { node } => GraphCommand::RemoveNode { node: id(*node) },
            Step::Set { node, component, property, value } => {
                let set = [(*property, value.clone())].into();
                update(*node, component, set, Vec::new())
            }
            Step::Unset { node, component, property } => {
                update(*node, component, cidgraph::Properties::new(), vec![Name::new(property)])
            }
            Step::Detach { node, component } => {
                GraphCommand::DetachComponent { node: id(*node), component_type: Name::new(component) }
            }
            Step::Move { node, by } => GraphCommand::TransformNodes {
                nodes: vec![id(*node)],
                operation: TransformOperation::Translate([f64::from(*by), 1.0, 0.0]),
            },
            Step::Connect { source, target, kind, weight: heavy } => {
                let edge = EdgeEntity::new(id(*source), *kind, id(*target));
                let properties = weight(*heavy).into_iter().collect::<cidgraph::Properties>();
                GraphCommand::ConnectEdge { edge: edge.with_properties(properties) }
            }
            Step::Weigh { edge, weight: heavy } => GraphCommand::UpdateEdge {
                edge: self.edge(*edge),
                set: weight(*heavy).into_iter().collect(),
                unset: if heavy.is_none() { vec!["weight".into()] } else { Vec::new() },
            },
            Step::Disconnect { edge } => GraphCommand::DisconnectEdge { edge: self.edge(*edge) },
        }
    }

    /// Returns one of the edges ever connected.
    pub fn edge(&self, place: usize) -> EdgeId {
        self.edges.get(place % self.edges.len().max(1)).copied().unwrap_or(EdgeId::from_u64(1))
    }

    /// Shows readers what has happened; nodes that have changed are pending.
    pub fn publish(&mut self) {
        let cid = Cid::of_block(HashKind::Sha2_256, &self.version.to_be_bytes());
        self.aggregate.publish(Head { version: self.version, cid }, self.version);
    }

    /// Lets the writer bring the indices up to date and fold, until nothing is left to do.
    pub fn rest(&mut self) {
        while self.aggregate.rest() == Rest::Again {
            std::thread::yield_now();
        }
    }

    /// Returns the facets touched since this was last asked.
    pub fn take_touched(&self) -> Vec<Facet> {
        let mut touched = std::mem::take(&mut *self.touched.0.lock().unwrap());
        touched.sort_unstable();
        touched.dedup();
        touched
    }

    pub fn read(&self) -> GraphReadModel {
        GraphReadModel::new(self.reader.view(), registry())
    }
}

fn update(node: u64, component: &str, set: cidgraph::Properties, unset: Vec<Name>) -> GraphCommand {
    let update = NodeUpdate { node: id(node), component_type: Name::new(component), set, unset };
    GraphCommand::UpdateNode { update }
}
