//! The instructions of the hot paths under valgrind; `scripts/budgets` compares them with `benches/budgets.txt`.

#![expect(missing_docs, reason = "gungraun's macros make modules that no one names")]

use cidgraph_benches::{
    AndCount, AppendInMemory, ApplyOne, CachedQuery, DecodeOne, HotPath, PointLookup, SealOne, TwoHops,
};
use gungraun::{library_benchmark, library_benchmark_group, main};

#[library_benchmark]
#[bench::warm(SealOne::warm())]
fn seal_one_event(mut path: SealOne) -> SealOne {
    path.run();
    path
}

#[library_benchmark]
#[bench::warm(DecodeOne::warm())]
fn decode_one_event(mut path: DecodeOne) -> DecodeOne {
    path.run();
    path
}

#[library_benchmark]
#[bench::warm(AppendInMemory::warm())]
fn append_in_memory(mut path: AppendInMemory) -> AppendInMemory {
    path.run();
    path
}

#[library_benchmark]
#[bench::warm(ApplyOne::warm())]
fn apply_one_event(mut path: ApplyOne) -> ApplyOne {
    path.run();
    path
}

#[library_benchmark]
#[bench::warm(PointLookup::warm())]
fn point_lookup(mut path: PointLookup) -> PointLookup {
    path.run();
    path
}

#[library_benchmark]
#[bench::warm(TwoHops::warm())]
fn two_hops(mut path: TwoHops) -> TwoHops {
    path.run();
    path
}

#[library_benchmark]
#[bench::warm(AndCount::warm())]
fn and_count(mut path: AndCount) -> AndCount {
    path.run();
    path
}

#[library_benchmark]
#[bench::warm(CachedQuery::warm())]
fn cached_query(mut path: CachedQuery) -> CachedQuery {
    path.run();
    path
}

library_benchmark_group!(
    name = hot_paths,
    benchmarks = [
        seal_one_event,
        decode_one_event,
        append_in_memory,
        apply_one_event,
        point_lookup,
        two_hops,
        and_count,
        cached_query,
    ]
);

main!(library_benchmark_groups = hot_paths);
