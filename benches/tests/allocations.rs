//! The allocations of the hot paths, exactly. What a path allocates is part of what it costs: a number that grows was
//! meant to, and is changed here.

use cidgraph_benches::{
    AndCount, AppendInMemory, ApplyOne, CachedQuery, DecodeOne, HotPath, PointLookup, SealOne, TwoHops,
};

fn allocations<P: HotPath>() -> u64 {
    let mut path = P::warm();
    allocation_counter::measure(|| path.run()).count_total
}

#[test]
fn hot_paths_allocate_no_more_than_they_did() {
    let counted = [
        allocations::<SealOne>(),
        allocations::<DecodeOne>(),
        allocations::<AppendInMemory>(),
        allocations::<ApplyOne>(),
        allocations::<PointLookup>(),
        allocations::<TwoHops>(),
        allocations::<AndCount>(),
        allocations::<CachedQuery>(),
    ];
    assert_eq!(counted, [3, 3, 2, 0, 0, 4, 6, 0]);
}
