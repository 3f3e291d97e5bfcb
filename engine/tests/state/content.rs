//! Nodes, edges and components by small numbers, so that random scripts meet the same ones again.

use cidgraph::{Component, EdgeId, GraphId, GraphMetadata, NodeEntity, NodeId, Properties, state::GraphInfo};

pub const GRAPH: GraphId = GraphId::from_u64(7);

/// How many different nodes there are.
pub const NODES: u8 = 12;

/// Returns node `number`: without a key, with text or with a number for one.
pub fn node(number: u8, content: u8) -> NodeEntity {
    let kind = ["Person", "Place"][usize::from(number / 3 % 2)];
    let entity = match number % 3 {
        0 => NodeEntity::new(NodeId::from_u64(number.into()), kind),
        1 => NodeEntity::keyed(GRAPH, kind, format!("node {number}")),
        _ => NodeEntity::keyed(GRAPH, kind, i64::from(number) - 6),
    };
    NodeEntity { components: components(content), ..entity }
}

/// Returns no component, a small one, or one of ten properties that differs from the others in one.
pub fn components(content: u8) -> Vec<Component> {
    let entity = NodeEntity::new(NodeId::from_u64(0), "any");
    let small = [("color", i64::from(content % 5))];
    let large = (0..10).map(|name| (format!("p{name}"), if name == 3 { i64::from(content % 7) } else { name }));
    let entity = match content % 4 {
        0 => entity,
        1 => entity.with("Visual", small),
        2 => entity.with("Profile", large.collect::<Properties>()),
        _ => entity.with("Profile", large.collect::<Properties>()).with("Visual", small),
    };
    entity.components
}

pub fn edge_kind(content: u8) -> &'static str {
    ["knows", "likes", "near"][usize::from(content % 3)]
}

pub fn edge_properties(content: u8) -> Properties {
    match content % 3 {
        0 => Properties::new(),
        1 => Properties::from([("weight", i64::from(content % 4))]),
        _ => Properties::from([("note", format!("n{}", content % 5))]),
    }
}

/// Returns the caller's id for an edge, for one content in three.
pub fn caller_id(content: u8) -> Option<EdgeId> {
    content.is_multiple_of(3).then(|| EdgeId::from_u64(u64::from(content % 8)))
}

pub fn info() -> GraphInfo {
    GraphInfo { graph: GRAPH, metadata: Some(GraphMetadata::named("towns")), archived: None }
}
