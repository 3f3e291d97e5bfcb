//! Proptest strategies for values and graph events that `decide` could have let through.

use cidgraph::entity::NodeUpdate;
use cidgraph::{
    Cid, Component, ConceptualPoint, EdgeEntity, EdgeId, GraphEvent, GraphMetadata, HashKind, Key, Name, NodeEntity,
    NodeId, Properties, TransformOperation, Value,
};
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;

fn name() -> impl Strategy<Value = Name> {
    prop_oneof!["[a-c]{1,3}", "[a-zäßλ☃]{0,12}", "[a-z]{20,40}"].prop_map(Name::from)
}

fn finite() -> impl Strategy<Value = f64> {
    any::<f64>().prop_map(|number| if number.is_finite() { number + 0.0 } else { 0.5 })
}

fn cid() -> impl Strategy<Value = Cid> {
    (any::<bool>(), any::<[u8; 32]>())
        .prop_map(|(blake, digest)| Cid::from_digest(if blake { HashKind::Blake3 } else { HashKind::Sha2_256 }, digest))
}

pub(crate) fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        (-300i64..300).prop_map(Value::Int),
        finite().prop_map(Value::Float),
        name().prop_map(Value::Text),
        vec(any::<u8>(), 0..40).prop_map(|bytes| Value::Bytes(bytes.into())),
        cid().prop_map(Value::Link),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::List),
            vec((name(), inner), 0..4).prop_map(|pairs| Value::Map(pairs.into_iter().collect())),
        ]
    })
}

fn properties() -> impl Strategy<Value = Properties> {
    vec((name(), value()), 0..4).prop_map(|pairs| pairs.into_iter().collect())
}

fn node_id() -> impl Strategy<Value = NodeId> {
    any::<[u8; 16]>().prop_map(NodeId::from_bytes)
}

fn edge_id() -> impl Strategy<Value = EdgeId> {
    any::<[u8; 16]>().prop_map(EdgeId::from_bytes)
}

fn component() -> impl Strategy<Value = Component> {
    (name(), properties()).prop_map(|(component_type, properties)| Component { component_type, properties })
}

fn node() -> impl Strategy<Value = NodeEntity> {
    let key = prop_oneof![any::<i64>().prop_map(Key::Number), name().prop_map(Key::Text)];
    (node_id(), name(), proptest::option::of(key), vec(component(), 0..3)).prop_map(|(id, kind, key, components)| {
        let node = NodeEntity { id, kind, key, components: Vec::new() };
        components.into_iter().fold(node, |node, component| node.with(component.component_type, component.properties))
    })
}

fn names() -> impl Strategy<Value = Vec<Name>> {
    btree_set(name(), 0..4).prop_map(|names| {
        let mut names: Vec<Name> = names.into_iter().collect();
        names.sort_by(|a, b| cidgraph::value::compare_names(a, b));
        names
    })
}

fn update() -> impl Strategy<Value = NodeUpdate> {
    (node_id(), name(), properties(), names()).prop_map(|(node, component_type, set, unset)| NodeUpdate {
        node,
        component_type,
        set,
        unset,
    })
}

fn edge() -> impl Strategy<Value = EdgeEntity> {
    (proptest::option::of(edge_id()), name(), node_id(), node_id(), properties())
        .prop_map(|(id, kind, source, target, properties)| EdgeEntity { id, kind, source, target, properties })
}

fn operation() -> impl Strategy<Value = TransformOperation> {
    prop_oneof![
        [finite(), finite(), finite()].prop_map(TransformOperation::Translate),
        [finite(), finite(), finite()].prop_map(TransformOperation::Scale),
        [finite(), finite(), finite(), finite()].prop_map(TransformOperation::Rotate),
        proptest::option::of(node_id()).prop_map(TransformOperation::Reparent),
    ]
}

fn point() -> impl Strategy<Value = ConceptualPoint> {
    (name(), vec(finite(), 0..4)).prop_map(|(space, coordinates)| ConceptualPoint { space, coordinates })
}

fn root() -> impl Strategy<Value = [u8; 32]> {
    any::<[u8; 32]>()
}

pub(crate) fn event() -> impl Strategy<Value = GraphEvent> {
    let whole_graph = prop_oneof![
        (name(), name(), properties()).prop_map(|(name, domain, properties)| GraphEvent::GraphCreated {
            metadata: GraphMetadata { name, domain, properties }
        }),
        name().prop_map(|name| GraphEvent::GraphRenamed { name }),
        name().prop_map(|reason| GraphEvent::GraphArchived { reason }),
        (any::<u64>().prop_map(|version| version >> 1), root(), root())
            .prop_map(|(version, event_root, state_root)| GraphEvent::Checkpointed { version, event_root, state_root }),
    ];
    let nodes = prop_oneof![
        node().prop_map(|node| GraphEvent::NodeAdded { node }),
        update().prop_map(|update| GraphEvent::NodeUpdated { update }),
        node_id().prop_map(|node| GraphEvent::NodeRemoved { node }),
        (node_id(), component()).prop_map(|(node, component)| GraphEvent::ComponentAttached { node, component }),
        (node_id(), component()).prop_map(|(node, component)| GraphEvent::ComponentReplaced { node, component }),
        (node_id(), name()).prop_map(|(node, component_type)| GraphEvent::ComponentDetached { node, component_type }),
        (vec(node_id(), 0..4), operation())
            .prop_map(|(nodes, operation)| GraphEvent::NodeTransformed { nodes, operation }),
        (node_id(), point()).prop_map(|(node, point)| GraphEvent::ConceptualPointMapped { node, point }),
    ];
    let edges = prop_oneof![
        edge().prop_map(|edge| GraphEvent::EdgeConnected { edge }),
        (edge_id(), properties(), names()).prop_map(|(edge, set, unset)| GraphEvent::EdgeUpdated { edge, set, unset }),
        edge_id().prop_map(|edge| GraphEvent::EdgeRemoved { edge }),
    ];
    let bulk = prop_oneof![
        vec(node(), 0..4).prop_map(|nodes| GraphEvent::NodesAdded { nodes }),
        vec(update(), 0..4).prop_map(|updates| GraphEvent::NodesUpdated { updates }),
        vec(node_id(), 0..40).prop_map(|nodes| GraphEvent::NodesRemoved { nodes }),
        vec(edge(), 0..30).prop_map(|edges| GraphEvent::EdgesConnected { edges }),
        vec(edge_id(), 0..40).prop_map(|edges| GraphEvent::EdgesRemoved { edges }),
    ];
    prop_oneof![whole_graph, nodes, edges, bulk]
}
