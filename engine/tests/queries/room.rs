//! What a graph's draft takes after something large has passed through it.

use cidgraph::{GraphCommand, NodeEntity, NodeId};

use crate::world::World;

/// As many bytes as a draft that never saw anything large may take.
const SMALL: u64 = 128 * 1024;

fn large(world: &mut World) {
    let ids = || (0..50_000).map(NodeId::from_u64);
    let nodes = ids().map(|id| NodeEntity::new(id, "Person")).collect();
    assert!(world.command(&GraphCommand::AddNodes { nodes }));
    assert!(world.draft_bytes() > 4 * SMALL, "{}", world.draft_bytes());
    assert!(world.command(&GraphCommand::RemoveNodes { nodes: ids().collect() }));
}

#[test]
fn a_draft_gives_back_at_rest_what_a_large_change_took() {
    let mut world = World::new();
    large(&mut world);
    world.rest();
    assert!(world.draft_bytes() < SMALL, "{}", world.draft_bytes());
}

#[test]
fn a_draft_gives_back_what_a_large_change_took_when_small_ones_follow() {
    let mut world = World::new();
    large(&mut world);
    assert!(world.command(&GraphCommand::AddNode { node: NodeEntity::new(NodeId::from_u64(7), "Person") }));
    assert!(world.draft_bytes() < SMALL, "{}", world.draft_bytes());
}
