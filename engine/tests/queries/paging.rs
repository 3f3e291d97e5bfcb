//! Orders, pages, projections and cursors against a sorted list of all nodes.

use cidgraph::algorithm::CancelToken;
use cidgraph::read_model::NodePage;
use cidgraph::{Criterion, GraphCommand, GraphQuery, NodeId, NodeQuery, OrderBy, QueryError};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::content::{commands, entity, node_queries};
use crate::naive;
use crate::world::{World, played};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn a_page_is_what_a_sorted_list_shows(
        commands in vec(commands(), 0..120),
        queries in vec(node_queries(), 1..24),
        (rest_at, fold_at) in (0..240_usize, 0..480_usize),
    ) {
        let model = played(&commands, rest_at, fold_at).model();
        for query in queries {
            let query = NodeQuery { after: None, ..query };
            let NodePage { nodes, total } = model.nodes(&query).unwrap();
            let (expected, expected_total) = naive::page(&model, &query);
            prop_assert_eq!(nodes, expected, "{:?}", query);
            prop_assert_eq!(total, expected_total);
        }
    }

    #[test]
    fn pages_put_together_are_the_whole(
        commands in vec(commands(), 0..120),
        query in node_queries(),
        (rest_at, fold_at) in (0..240_usize, 0..480_usize),
        size in 1..5_usize,
    ) {
        let model = played(&commands, rest_at, fold_at).model();
        let whole = NodeQuery { after: None, offset: 0, limit: None, ..query };
        let expected = model.nodes(&whole).unwrap().nodes;
        let by_offset = (0..=expected.len() / size).flat_map(|page| {
            model.nodes(&whole.clone().offset(page * size).limit(size)).unwrap().nodes
        });
        prop_assert!(by_offset.eq(expected));
        let by_birth = NodeQuery { order: Vec::new(), ..whole };
        let expected = model.nodes(&by_birth).unwrap().nodes;
        let mut by_cursor = Vec::new();
        let mut page = model.nodes(&by_birth.clone().limit(size)).unwrap();
        while let Some(last) = page.nodes.last().map(|node| node.id) {
            prop_assert_eq!(page.total, expected.len());
            by_cursor.append(&mut page.nodes);
            page = model.nodes(&by_birth.clone().limit(size).after(last)).unwrap();
        }
        prop_assert_eq!(by_cursor, expected);
    }
}

fn three() -> World {
    let nodes = [4, 1, 7].map(|number| entity(number).with("Profile", [("a", i64::from(number))])).to_vec();
    World::of(&[GraphCommand::AddNodes { nodes }])
}

/// It gave an empty page, which looked like the end.
#[test]
fn a_cursor_whose_node_is_gone_is_an_error() {
    let mut world = three();
    let query = NodeQuery::of(Criterion::All).after(entity(1).id);
    let ids = |world: &World| -> Result<Vec<NodeId>, QueryError> {
        world.model().nodes(&query).map(|page| page.nodes.iter().map(|node| node.id).collect())
    };
    assert_eq!(ids(&world), Ok(vec![entity(7).id]));
    world.command(&GraphCommand::RemoveNode { node: entity(1).id });
    assert_eq!(ids(&world), Err(QueryError::UnknownNode { node: entity(1).id }));
}

/// It was passed over.
#[test]
fn a_cursor_in_another_order_is_an_error() {
    let model = three().model();
    let after = |by, descending| {
        model.nodes(&NodeQuery::of(Criterion::All).order_by(by, descending).after(entity(4).id)).map(|page| page.total)
    };
    assert_eq!(after(OrderBy::Birth, false), Ok(3));
    for (by, descending) in [(OrderBy::Birth, true), (OrderBy::Id, false)] {
        assert!(matches!(after(by, descending), Err(QueryError::InvalidParameter { what: "after", .. })));
    }
}

/// The sum of a cursor's rank and the offset went past the end of the numbers.
#[test]
fn an_offset_beyond_everything_is_an_empty_page() {
    let model = three().model();
    for query in [NodeQuery::of(Criterion::All), NodeQuery::of(Criterion::All).order_by(OrderBy::Key, true)] {
        let page = model.nodes(&query.clone().offset(usize::MAX)).unwrap();
        assert_eq!((page.nodes.len(), page.total), (0, 3));
        assert_eq!(model.nodes(&query.limit(0)).unwrap(), page);
    }
    let page = model.nodes(&NodeQuery::of(Criterion::All).after(entity(4).id).offset(usize::MAX)).unwrap();
    assert!(page.nodes.is_empty());
}

#[test]
fn a_long_list_can_be_given_up() {
    let cancel = CancelToken::new();
    cancel.cancel();
    for query in [NodeQuery::of(Criterion::All), NodeQuery::of(Criterion::All).order_by(OrderBy::Key, true)] {
        let given_up = three().model().query_until(&GraphQuery::Nodes(query), &cancel);
        assert!(matches!(given_up, Err(QueryError::Cancelled(_))));
    }
}
