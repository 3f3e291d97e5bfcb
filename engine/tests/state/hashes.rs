//! The state hash differs as soon as any one thing does.

use cidgraph::state::GraphInfo;
use cidgraph::topology::Stamp;
use cidgraph::{Component, EdgeId, GraphId, GraphMetadata, Key, NodeId, Properties};

use crate::content::info;
use crate::model::State;
use crate::script::{Play, Step};
use crate::subject::Subject;

fn sample() -> State {
    let mut play = Play::new();
    let nodes = (0..6).map(|number| Step::AddNode(number, number));
    let edges = (0..6).map(|number| Step::AddEdge(number, number + 1, number + 3));
    let lonely = Step::AddNode(6, 1);
    nodes.chain([Step::NextVersion]).chain(edges).chain([lonely]).for_each(|step| play.step(&step));
    play.now().clone()
}

fn hash(state: &State, info: &GraphInfo) -> [u8; 32] {
    Subject::backwards(state).generation.at(Stamp::MAX - 1).state_hash(info)
}

#[test]
fn every_part_of_a_node_and_an_edge_counts() {
    let changes: [fn(&mut State); 20] = [
        |_| {},
        |state| drop(state.nodes.pop()),
        |state| state.nodes[3].version += 1,
        |state| state.nodes[3].kind = "Other".into(),
        |state| state.nodes[1].key = None,
        |state| state.nodes[1].key = Some(Key::from("other")),
        |state| state.nodes[1].key = Some(Key::from(-5)),
        |state| state.nodes[1].key = Some(Key::from("-5")),
        |state| state.nodes[3].components.clear(),
        |state| drop(state.nodes[3].components.pop()),
        |state| state.nodes[3].components[0].component_type = "Other".into(),
        |state| drop(state.nodes[3].components[0].properties.insert("p3", 99)),
        |state| drop(state.nodes[3].components[0].properties.insert("p3", "3")),
        |state| state.nodes[0].components.push(Component::new("Empty", Properties::new())),
        |state| drop(state.edges.pop()),
        |state| state.edges[0].id = EdgeId::from_u64(77),
        |state| state.edges[0].kind = "other".into(),
        |state| state.edges[0].source = state.nodes[4].id,
        |state| state.edges[0].target = state.nodes[4].id,
        |state| drop(state.edges[0].properties.insert("weight", 99)),
    ];
    let hashes = changes.map(|change| {
        let mut state = sample();
        change(&mut state);
        hash(&state, &info())
    });
    assert_distinct(&hashes);
    let mut state = sample();
    let id = NodeId::from_u64(99);
    for edge in &mut state.edges {
        for end in [&mut edge.source, &mut edge.target] {
            if *end == state.nodes[0].id {
                *end = id;
            }
        }
    }
    state.nodes[0].id = id;
    assert!(!hashes.contains(&hash(&state, &info())), "a node's id counts");
}

#[test]
fn what_is_known_of_the_graph_counts() {
    let named = |name: &str, domain: &str, properties: Properties| GraphInfo {
        metadata: Some(GraphMetadata { name: name.into(), domain: domain.into(), properties }),
        ..info()
    };
    let infos = [
        info(),
        GraphInfo { graph: GraphId::from_u64(8), ..info() },
        GraphInfo { metadata: None, ..info() },
        GraphInfo { archived: Some("".into()), ..info() },
        GraphInfo { archived: Some("done".into()), ..info() },
        named("town", "", Properties::new()),
        named("towns", "maps", Properties::new()),
        named("towns", "", Properties::from([("a", 1)])),
    ];
    for state in [State::default(), sample()] {
        assert_distinct(&infos.each_ref().map(|info| hash(&state, info)));
    }
}

#[test]
fn the_hash_does_not_change_from_release_to_release() {
    let hex = |hash: [u8; 32]| hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    insta::assert_snapshot!(hex(hash(&State::default(), &info())), @"d4af0fc76045065061f58afdd5fabdc452dac154e7e5654f24bdaa3eea542af6");
    insta::assert_snapshot!(hex(hash(&sample(), &info())), @"560f1afcb81f5c345f715baff227c4224c076a36598166898ae8daf20309397c");
}

fn assert_distinct(hashes: &[[u8; 32]]) {
    for (at, hash) in hashes.iter().enumerate() {
        assert_eq!(hashes.iter().position(|other| other == hash), Some(at), "hash number {at} is another one's");
    }
}
