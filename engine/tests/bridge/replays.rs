//! Stretches of the past, as messages like those of now.

use cidgraph::history::Step;
use cidgraph::{
    BatchConfig, EdgeEntity, EdgeId, FeedStart, GraphCommand, GraphMutation, GraphUpdate, Moment, NodeEntity, NodeId,
    NodeView, Origin,
};

use crate::picture::Picture;
use crate::world::{Frames, World, node, translate, until};

#[test]
fn a_stretch_of_the_past_is_what_following_it_had_shown() {
    let world = World::new();
    let mut bridge = world.bridge(BatchConfig::default());
    let live = bridge.follow(world.graph, FeedStart::AfterVersion(0));
    let mut lived = Frames::default();
    for number in 0..20 {
        world.add(number..number + 1);
        lived.reach(&mut bridge, live, number + 2);
    }
    assert!(bridge.stop(live));
    let cid = lived.updates[4].cid.expect("it is of a store");
    let past = bridge.replay(world.graph, Some(Moment::Cid(cid)), Some(Moment::Version(15)));
    let frames = Frames::until_end(&mut bridge, past);
    let mut expected = lived.updates[5..15].to_vec();
    expected.iter_mut().for_each(|update| update.origin = Origin::Replay);
    assert_eq!(frames.updates, expected);
    let then = world.runtime.block_on(world.engine.history(world.graph).at(Moment::Version(15))).expect("it is there");
    assert_eq!(frames.pictures[&past], Picture::of(then.view()));
}

/// What comes and goes within a step is not in its event, and a step in which nothing happened has none.
#[test]
fn a_stretch_comes_step_by_step_as_what_each_step_came_to() {
    let world = World::new();
    world.add(0..4);
    world.command(GraphCommand::RemoveNode { node: node(3) });
    world.command(translate(0..2, 1.0));
    world.command(translate(0..1, 2.0));
    let mut bridge = world.bridge(BatchConfig::default());
    let past = bridge.animate(world.graph, Some(Moment::Version(2)), None, Step::Versions(4));
    let frames = Frames::until_end(&mut bridge, past);
    let told: Vec<_> =
        frames.updates.iter().map(|update| (update.first_version, update.version, update.transactions)).collect();
    assert_eq!(told, [(3, 6, 4), (7, 8, 2)]);
    let names = |update: &GraphUpdate| -> Vec<NodeId> {
        let named = update.mutations.iter().map(|mutation| {
            if let GraphMutation::NodeAdded { node: NodeView { id: node, .. } }
            | GraphMutation::NodeTransformed { node, .. } = mutation
            {
                *node
            } else {
                panic!("{mutation:?}")
            }
        });
        named.collect()
    };
    assert_eq!(names(&frames.updates[0]), [node(1), node(2)], "the one that went is not told");
    assert_eq!(names(&frames.updates[1]), [node(0), node(1)], "both moves of a node are one");
    let now = world.runtime.block_on(world.engine.get_graph(world.graph)).expect("it is there");
    assert_eq!(frames.pictures[&past], Picture::of(now.view()));
}

/// An edge that is the same before and after goes and comes with its end, which is another node of the same id.
#[test]
fn an_edge_goes_with_a_node_that_is_replaced() {
    let world = World::new();
    world.add(0..2);
    let id = EdgeId::from_u64(9);
    let connect = || {
        let edge = EdgeEntity { id: Some(id), ..EdgeEntity::new(node(0), "knows", node(1)) };
        GraphCommand::ConnectEdge { edge }
    };
    world.command(connect());
    world.command(GraphCommand::RemoveNode { node: node(1) });
    world.command(GraphCommand::AddNode { node: NodeEntity::new(node(1), "Robot") });
    world.command(connect());
    let mut bridge = world.bridge(BatchConfig::default());
    let past = bridge.animate(world.graph, Some(Moment::Version(4)), None, Step::Versions(9));
    let frames = Frames::until_end(&mut bridge, past);
    let told = &frames.updates[0].mutations;
    assert!(matches!(told[0], GraphMutation::EdgeRemoved { edge } if edge == id), "{told:?}");
    assert!(matches!(&told[3], GraphMutation::EdgeConnected { edge } if edge.id == id), "{told:?}");
    let now = world.runtime.block_on(world.engine.get_graph(world.graph)).expect("it is there");
    assert_eq!(frames.pictures[&past], Picture::of(now.view()));
}

#[test]
fn a_stretch_that_goes_backwards_ends_with_the_reason() {
    let world = World::new();
    world.add(0..3);
    let mut bridge = world.bridge(BatchConfig::default());
    let past = bridge.replay(world.graph, Some(Moment::Version(3)), Some(Moment::Version(2)));
    let mut frames = Frames::default();
    until("its end", || {
        frames.frame(&mut bridge);
        (!frames.ends.is_empty()).then_some(())
    });
    assert!(frames.ends[0].0 == past && frames.ends[0].1.is_some() && frames.pictures.is_empty());
}
