//! Golden bytes: the wire form of every event type and every schema, and whole blocks with their CIDs.
//!
//! `golden/payloads.txt` holds `event type, schema, payload in hex`, `golden/blocks.txt` holds `hash, CID, block in
//! hex`. A line that changes is a change of the wire format: stored logs no longer read, or get other CIDs. New lines
//! are added; old ones stay. On a difference the test prints what it made.

use std::fmt::Write as _;

use cidgraph::chain::{ChainVerifier, open_block, seal};
use cidgraph::dag_cbor::{Decoder, Encoder};
use cidgraph::entity::NodeUpdate;
use cidgraph::graph_codec::UPCAST_PROPERTIES;
use cidgraph::{
    AggregateId, ChainTip, Cid, CommandContext, CommandId, Component, ConceptualPoint, DecodeError, EdgeEntity, EdgeId,
    EventPayload, GraphEvent, GraphMetadata, HashKind, Name, NodeEntity, NodeId, Properties, SealedEvent, StoredEvent,
    TransformOperation, Value,
};

const PAYLOADS: &str = include_str!("golden/payloads.txt");
const BLOCKS: &str = include_str!("golden/blocks.txt");

/// A payload as some program wrote it, and what it means today.
struct Case {
    event_type: &'static str,
    schema: u32,
    payload: Vec<u8>,
    meaning: Vec<GraphEvent>,
}

impl Case {
    fn current(event: GraphEvent) -> Self {
        let mut payload = Vec::new();
        event.encode(&mut Encoder::new(&mut payload));
        Self { event_type: event.event_type(), schema: event.schema(), payload, meaning: vec![event] }
    }

    fn legacy(event_type: &'static str, schema: u32, layout: Value, meaning: Vec<GraphEvent>) -> Self {
        let mut payload = Vec::new();
        Encoder::new(&mut payload).value(&layout);
        Self { event_type, schema, payload, meaning }
    }
}

const ALICE: NodeId = NodeId::from_u64(1);
const BOB: NodeId = NodeId::from_u64(2);
const EDGE: EdgeId = EdgeId::from_u64(3);

fn profile() -> Properties {
    let nested = Properties::from([("city", "Łódź"), ("zip", "90-001")]);
    Properties::from([
        ("age", Value::Int(36)),
        ("born", Value::Int(-2_000_000_000)),
        ("whole", Value::Float(2.0)),
        ("active", Value::Bool(true)),
        ("address", Value::Map(nested)),
        ("avatar", Value::Link(Cid::of_block(HashKind::Sha2_256, &[0xa0]))),
        ("nothing", Value::Null),
        ("tags", Value::List(vec!["a".into(), Value::Bytes([0, 255].into())])),
    ])
}

fn alice() -> NodeEntity {
    let node = NodeEntity { key: Some("alice".into()), ..NodeEntity::new(ALICE, "Person") };
    node.with("Visual", [("color", "blue")]).with("Profile", profile())
}

fn bob() -> NodeEntity {
    NodeEntity { key: Some(12345.into()), ..NodeEntity::new(BOB, "Person") }
}

fn update(unset: &[&str]) -> NodeUpdate {
    let unset = unset.iter().map(Name::new).collect();
    NodeUpdate { node: ALICE, component_type: "Profile".into(), set: [("age", 37)].into(), unset }
}

fn edge(id: Option<EdgeId>) -> EdgeEntity {
    EdgeEntity { id, ..EdgeEntity::new(ALICE, "knows", BOB).with_properties([("since", 1999)]) }
}

fn transformed(operation: TransformOperation) -> GraphEvent {
    GraphEvent::NodeTransformed { nodes: vec![ALICE, BOB], operation }
}

fn of_the_graph() -> Vec<GraphEvent> {
    let metadata =
        GraphMetadata { name: "people".into(), domain: "social".into(), properties: [("public", true)].into() };
    vec![
        GraphEvent::GraphCreated { metadata },
        GraphEvent::GraphRenamed { name: "friends".into() },
        GraphEvent::GraphArchived { reason: Name::default() },
        GraphEvent::Checkpointed { version: 1000, event_root: [1; 32], state_root: [2; 32] },
    ]
}

fn of_nodes() -> Vec<GraphEvent> {
    let component = Component::new("Visual", [("color", "red")]);
    let point = ConceptualPoint { space: "taste".into(), coordinates: vec![0.5, -1.25] };
    vec![
        GraphEvent::NodeAdded { node: NodeEntity::new(ALICE, "Person") },
        GraphEvent::NodeAdded { node: alice() },
        GraphEvent::NodeAdded { node: bob() },
        GraphEvent::NodeUpdated { update: update(&[]) },
        GraphEvent::NodeUpdated { update: update(&["born", "avatar"]) },
        GraphEvent::NodeRemoved { node: ALICE },
        GraphEvent::ComponentAttached { node: ALICE, component: component.clone() },
        GraphEvent::ComponentReplaced { node: ALICE, component },
        GraphEvent::ComponentDetached { node: ALICE, component_type: "Visual".into() },
        transformed(TransformOperation::Translate([1.0, 0.0, -2.5])),
        transformed(TransformOperation::Scale([2.0, 2.0, 2.0])),
        transformed(TransformOperation::Rotate([0.0, 0.0, 0.0, 1.0])),
        transformed(TransformOperation::Reparent(Some(EDGE_AS_PARENT))),
        transformed(TransformOperation::Reparent(None)),
        GraphEvent::ConceptualPointMapped { node: ALICE, point },
    ]
}

const EDGE_AS_PARENT: NodeId = NodeId::from_u64(4);

fn of_edges_and_bulk() -> Vec<GraphEvent> {
    vec![
        GraphEvent::EdgeConnected { edge: edge(None) },
        GraphEvent::EdgeConnected { edge: edge(Some(EDGE)) },
        GraphEvent::EdgeUpdated { edge: EDGE, set: [("since", 2000)].into(), unset: Vec::new() },
        GraphEvent::EdgeUpdated { edge: EDGE, set: Properties::new(), unset: vec!["since".into()] },
        GraphEvent::EdgeRemoved { edge: EDGE },
        GraphEvent::NodesAdded { nodes: vec![alice(), bob(), NodeEntity::new(EDGE_AS_PARENT, "Place")] },
        GraphEvent::NodesUpdated { updates: vec![update(&[]), update(&["born"])] },
        GraphEvent::NodesRemoved { nodes: vec![ALICE, BOB] },
        GraphEvent::EdgesConnected { edges: vec![edge(None), edge(Some(EDGE))] },
        GraphEvent::EdgesRemoved { edges: vec![EDGE] },
    ]
}

fn bytes(id: &[u8; 16]) -> Value {
    Value::Bytes((*id).into())
}

/// What programs before this one wrote: an alias name, an added field, a split event.
fn legacy() -> Vec<Case> {
    let node = |properties: Properties| {
        let id = bytes(ALICE.as_bytes());
        Value::Map([("id", id), ("kind", "Person".into()), ("properties", Value::Map(properties))].into())
    };
    let ends = [("kind", "knows".into()), ("source", bytes(ALICE.as_bytes())), ("target", bytes(BOB.as_bytes()))];
    let plain = Value::Map(Properties::from(ends.clone()));
    let named = Value::Map(ends.into_iter().chain([("id", bytes(EDGE.as_bytes()))]).collect());
    let components = Properties::from([
        ("Visual", Value::Map([("color", "red")].into())),
        ("Profile", Value::Map([("age", 37)].into())),
    ]);
    let several = Value::Map([("node", bytes(ALICE.as_bytes())), ("components", Value::Map(components))].into());

    let with_bag = NodeEntity::new(ALICE, "Person").with(UPCAST_PROPERTIES, [("age", 36)]);
    let bare = EdgeEntity::new(ALICE, "knows", BOB);
    let visual = NodeUpdate { component_type: "Visual".into(), set: [("color", "red")].into(), ..update(&[]) };
    let added = || vec![GraphEvent::NodeAdded { node: with_bag.clone() }];
    let empty = vec![GraphEvent::NodeAdded { node: NodeEntity::new(ALICE, "Person") }];
    let connected = |id| vec![GraphEvent::EdgeConnected { edge: EdgeEntity { id, ..bare.clone() } }];
    let split = vec![GraphEvent::NodeUpdated { update: visual }, GraphEvent::NodeUpdated { update: update(&[]) }];
    vec![
        Case::legacy("NodeAdded", 1, node([("age", 36)].into()), added()),
        Case::legacy("NodeAdded", 1, node(Properties::new()), empty),
        Case::legacy("NodeCreated", 1, node([("age", 36)].into()), added()),
        Case::legacy("EdgeConnected", 1, plain.clone(), connected(None)),
        Case::legacy("EdgeConnected", 1, named, connected(Some(EDGE))),
        Case::legacy("EdgeAdded", 1, plain, connected(None)),
        Case::legacy("NodeUpdated", 1, several, split),
    ]
}

fn cases() -> Vec<Case> {
    let current = [of_the_graph(), of_nodes(), of_edges_and_bulk()].concat();
    current.into_iter().map(Case::current).chain(legacy()).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes all");
        text
    })
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex")).collect()
}

fn decode(event_type: &str, schema: u32, payload: &[u8]) -> Result<Vec<GraphEvent>, DecodeError> {
    let mut events = Vec::new();
    GraphEvent::decode(event_type, schema, &mut Decoder::new(payload), &mut events)?;
    Ok(events)
}

#[test]
fn payloads_are_written_as_they_always_were() {
    let line = |case: &Case| format!("{} {} {}\n", case.event_type, case.schema, hex(&case.payload));
    let made: String = cases().iter().map(line).collect();
    assert_eq!(made, PAYLOADS, "payloads.txt would be:\n{made}");
}

#[test]
fn payloads_of_every_schema_are_read() {
    for (line, case) in PAYLOADS.lines().zip(cases()) {
        let [event_type, schema, payload] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        assert_eq!(decode(event_type, schema.parse().unwrap(), &unhex(payload)), Ok(case.meaning), "{line}");
    }
    assert_eq!(PAYLOADS.lines().count(), cases().len());
}

#[test]
fn every_event_type_is_there() {
    let mut types: Vec<&str> = PAYLOADS.lines().map(|line| line.split(' ').next().unwrap()).collect();
    types.sort_unstable();
    types.dedup();
    assert_eq!(types.len(), 22, "twenty names and two aliases: {types:?}");
}

#[test]
fn unknown_names_and_schemas_are_named() {
    let unknown_type = |name: &str| Err(DecodeError::UnknownEventType { event_type: name.into() });
    let unknown_schema = |name: &str, schema| Err(DecodeError::UnknownSchema { event_type: name.into(), schema });
    assert_eq!(decode("NodeInvented", 1, &[0xa0]), unknown_type("NodeInvented"));
    assert_eq!(decode("", 0, &[0xa0]), unknown_type(""));
    assert_eq!(decode("NodeAdded", 3, &[0xa0]), unknown_schema("NodeAdded", 3));
    assert_eq!(decode("NodeCreated", 0, &[0xa0]), unknown_schema("NodeCreated", 0));
    assert_eq!(decode("GraphCreated", 2, &[0xa0]), unknown_schema("GraphCreated", 2));
}

#[test]
fn a_layout_is_read_strictly() {
    let check = |event_type: &str, schema, layout: Value| {
        let mut payload = Vec::new();
        Encoder::new(&mut payload).value(&layout);
        let outcome = decode(event_type, schema, &payload);
        assert!(matches!(outcome, Err(DecodeError::Codec(_))), "{event_type} {layout:?}: {outcome:?}");
    };
    let node = bytes(ALICE.as_bytes());
    let map = |pairs: Vec<(&str, Value)>| Value::Map(pairs.into_iter().collect());
    let empty = || Value::Map(Properties::new());
    check("NodeRemoved", 1, empty());
    check("NodeRemoved", 1, map(vec![("node", node.clone()), ("extra", Value::Null)]));
    check("NodeRemoved", 1, map(vec![("node", Value::Bytes([0; 15].into()))]));
    check(
        "NodeAdded",
        2,
        map(vec![("id", node.clone()), ("kind", "P".into()), ("key", Value::Null), ("components", empty())]),
    );
    check(
        "NodeUpdated",
        2,
        map(vec![("set", empty()), ("node", node.clone()), ("unset", Value::List(vec![])), ("component", "P".into())]),
    );
    let names = Value::List(vec!["b".into(), "a".into()]);
    check("EdgeUpdated", 1, map(vec![("set", empty()), ("edge", node.clone()), ("unset", names)]));
    let names = Value::List(vec!["a".into(), "a".into()]);
    check("EdgeUpdated", 1, map(vec![("set", empty()), ("edge", node.clone()), ("unset", names)]));
    check("NodeUpdated", 1, map(vec![("node", node.clone()), ("components", empty())]));
    let operation = |operation: Value| map(vec![("nodes", Value::List(vec![])), ("operation", operation)]);
    check("NodeTransformed", 1, operation(empty()));
    check("NodeTransformed", 1, operation(map(vec![("translate", Value::List(vec![Value::Float(1.0); 4]))])));
    check("NodeTransformed", 1, operation(map(vec![("scale", Value::List(vec![Value::Int(1); 3]))])));
    check("EdgesConnected", 1, map(vec![("edges", Value::List(vec![Value::List(vec![node]); 3]))]));
}

/// A small chain: one transaction of every event type of today, then one of every older payload.
fn sealed(hash: HashKind) -> Vec<SealedEvent> {
    let mut tip = ChainTip::empty(AggregateId::from_u64(7), hash);
    let mut sealed = Vec::new();
    let mut context = CommandContext {
        id: CommandId::from_u64(100),
        actor: "alice@example.org, who has a long name".into(),
        correlation: CommandId::from_u64(100).into(),
        causation: None,
    };
    let current = [of_the_graph(), of_nodes(), of_edges_and_bulk()].concat();
    seal(&mut tip, &context, 1_700_000_000_000_000_000, &current, &mut sealed);
    context.causation = Some(context.id.into());
    context.id = CommandId::from_u64(101);
    seal(
        &mut tip,
        &context,
        1_600_000_000_000_000_000,
        &legacy().into_iter().map(Written).collect::<Vec<_>>(),
        &mut sealed,
    );
    sealed
}

/// An event that is written as an older program did.
struct Written(Case);

impl EventPayload for Written {
    fn event_type(&self) -> &'static str {
        self.0.event_type
    }

    fn schema(&self) -> u32 {
        self.0.schema
    }

    fn encode(&self, out: &mut Encoder<'_>) {
        out.value(&Decoder::new(&self.0.payload).value().expect("written above"));
    }

    fn decode(_: &str, _: u32, _: &mut Decoder<'_>, _: &mut Vec<Self>) -> Result<(), DecodeError> {
        unreachable!("blocks are read as graph events")
    }
}

#[test]
fn blocks_have_the_cids_they_always_had() {
    let line = |name: &str, event: &SealedEvent| format!("{name} {} {}\n", event.cid, hex(&event.block));
    let of = |name, hash| sealed(hash).iter().map(|event| line(name, event)).collect::<String>();
    let made = of("sha2-256", HashKind::Sha2_256) + &of("blake3", HashKind::Blake3);
    assert_eq!(made, BLOCKS, "blocks.txt would be:\n{made}");
}

#[test]
fn golden_blocks_verify_and_mean_what_they_always_meant() {
    for (name, hash) in [("sha2-256 ", HashKind::Sha2_256), ("blake3 ", HashKind::Blake3)] {
        let mut verifier = ChainVerifier::new(AggregateId::from_u64(7));
        let lines: Vec<&str> = BLOCKS.lines().filter_map(|line| line.strip_prefix(name)).collect();
        assert_eq!(lines.len(), cases().len());
        for ((sequence, line), case) in (1..).zip(lines).zip(cases()) {
            let (cid, block) = line.split_once(' ').unwrap();
            let event = SealedEvent::from_block(hash, unhex(block).into()).unwrap();
            assert_eq!(event.cid, cid.parse().unwrap());
            let stored = StoredEvent { sequence, event };
            let mut events: Vec<GraphEvent> = Vec::new();
            verifier.push(&stored).unwrap().decode(&mut events).unwrap();
            assert_eq!(events, case.meaning);
            assert_eq!(open_block(&stored.event.block).unwrap().header.timestamp_ns, 1_700_000_000_000_000_000);
        }
        assert!(verifier.is_whole());
    }
}
