//! Queries that look at so many nodes that several threads do it: the answers are the naive ones, on any number of threads,
//! at the last version and at one long before.

use std::sync::LazyLock;

use cidgraph::algorithm::{CancelToken, Cancelled};
use cidgraph::read_model::NodePage;
use cidgraph::{
    Criterion, EdgeEntity, GraphCommand, GraphQuery, GraphReadModel, Name, NodeEntity, NodeId, NodeQuery, NodeUpdate,
    OrderBy, Properties, QueryError, Value,
};
use proptest::prelude::*;
use rayon::ThreadPoolBuilder;

use crate::content::{KINDS, node_queries, registry};
use crate::naive;
use crate::world::World;

/// Many more than a piece has.
const NODES: u64 = 40_000;

/// Elements of a command.
const AT_ONCE: u64 = 1000;

fn id(number: u64) -> NodeId {
    NodeId::from_u64(number + 100)
}

fn value(number: u64) -> Value {
    let small = (number / 7 % 11).cast_signed() - 5;
    match number % 5 {
        0 => Value::Int(small),
        1 => Value::float(small as f64 / 2.0).unwrap(),
        2 => Value::List((0..number % 3).map(|at| Value::Int(at.cast_signed())).collect()),
        3 => Value::text(["", "a", "b", "c"][usize::try_from(number / 5 % 4).unwrap()]),
        _ => Value::Bytes(vec![1; 70].into()),
    }
}

fn properties(number: u64) -> Properties {
    [("a", value(number)), ("b", value(number / 3))].into_iter().map(|(name, value)| (Name::new(name), value)).collect()
}

fn node(number: u64) -> NodeEntity {
    let kind = KINDS[usize::from(number.is_multiple_of(3))];
    let component = if number.is_multiple_of(4) { "Visual" } else { "Profile" };
    NodeEntity::new(id(number), kind).with(component, properties(number))
}

/// A graph in which the first node leads to all others and each to some, as it is and as it was when it had two thirds of
/// its nodes, some of which have changed or gone since.
static MODELS: LazyLock<[GraphReadModel; 2]> = LazyLock::new(|| {
    let mut world = World::new();
    let mut middle = 0;
    for start in (0..NODES).step_by(usize::try_from(AT_ONCE).unwrap()) {
        let numbers = start..start + AT_ONCE;
        assert!(world.command(&GraphCommand::AddNodes { nodes: numbers.clone().map(node).collect() }));
        let edge = |number: u64| {
            [
                EdgeEntity::new(id(0), "knows", id(number)),
                EdgeEntity::new(id(number), "near", id(number * number % (number + 1))),
            ]
        };
        assert!(world.command(&GraphCommand::ConnectEdges { edges: numbers.flat_map(edge).collect() }));
        if start < NODES * 2 / 3 {
            middle = world.model().version();
            continue;
        }
        let old = |number: u64| number * 17 % (NODES * 2 / 3);
        let update = |number: u64| NodeUpdate {
            node: id(old(number)),
            component_type: "Profile".into(),
            set: properties(number),
            unset: Vec::new(),
        };
        assert!(world.command(&GraphCommand::UpdateNodes { updates: (start..start + 200).map(update).collect() }));
        world.command(&GraphCommand::RemoveNode { node: id(old(start)) });
    }
    let now = world.model();
    let past = now.view().at_version(middle).unwrap();
    assert!(past.pending().len() > 1024 && past.unborn().is_some(), "the indices are of later");
    [GraphReadModel::new(past, registry()), now]
});

/// Asks on one thread and on four; the answers must be equal.
fn on_threads<R: PartialEq + Send>(ask: impl Fn() -> R + Sync) -> R {
    let [one, four] = [1, 4].map(|count| ThreadPoolBuilder::new().num_threads(count).build().unwrap().install(&ask));
    assert!(one == four, "answers depend on threads");
    four
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn pages_of_many_nodes_are_what_a_sorted_list_shows(query in node_queries(), whole in any::<bool>()) {
        let query = NodeQuery { after: None, limit: query.limit.filter(|_| !whole), ..query };
        for model in &*MODELS {
            let NodePage { nodes, total } = on_threads(|| model.nodes(&query).unwrap());
            let (expected, expected_total) = naive::page(model, &query);
            prop_assert!(nodes == expected, "{:?}", query);
            prop_assert_eq!(total, expected_total);
            prop_assert_eq!(on_threads(|| model.count(&query.criterion)), expected_total);
        }
    }
}

#[test]
fn who_gives_up_gets_no_answer() {
    let cancel = CancelToken::new();
    cancel.cancel();
    let all = NodeQuery::of(Criterion::All);
    let by_value = OrderBy::Property { component: "Profile".into(), property: "a".into() };
    for query in [
        GraphQuery::Nodes(all.clone()),
        GraphQuery::Nodes(all.order_by(by_value, false).limit(3)),
        GraphQuery::Count(Criterion::equals("Profile", "a", Value::List(vec![Value::Int(0)]))),
    ] {
        for model in &*MODELS {
            let given_up = on_threads(|| model.query_until(&query, &cancel));
            assert_eq!(given_up, Err(QueryError::Cancelled(Cancelled)), "{query:?}");
        }
    }
}
