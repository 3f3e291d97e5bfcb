//! The instructions of the hot paths under valgrind; `scripts/budgets` compares them with `benches/budgets.txt`.

#![expect(missing_docs, reason = "gungraun's macros make modules that no one names")]

use cidgraph_benches::{
    AndCount, AppendInMemory, ApplyOne, CachedQuery, DecodeOne, HotPath, PointLookup, SealOne, TwoHops,
};
use gungraun::{library_benchmark, library_benchmark_group, main};

/// Counts each path's run, warm, under a name.
macro_rules! count {
    ($($name:ident: $path:ident,)*) => {
        $(
            #[library_benchmark]
            #[bench::warm($path::warm())]
            fn $name(mut path: $path) -> $path {
                path.run();
                path
            }
        )*

        library_benchmark_group!(name = hot_paths, benchmarks = [$($name),*]);
    };
}

count! {
    seal_one_event: SealOne,
    decode_one_event: DecodeOne,
    append_in_memory: AppendInMemory,
    apply_one_event: ApplyOne,
    point_lookup: PointLookup,
    two_hops: TwoHops,
    and_count: AndCount,
    cached_query: CachedQuery,
}

main!(library_benchmark_groups = hot_paths);
