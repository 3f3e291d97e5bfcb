//! Differences between any two versions, against a comparison of everything.

use cidgraph::Moment;
use proptest::prelude::*;

use crate::naive;
use crate::story::{Story, wait};

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, max_shrink_iters: 300, ..ProptestConfig::default() })]

    #[test]
    fn what_differs_is_what_a_comparison_of_everything_finds(
        script in proptest::collection::vec(any::<u8>(), 0..500),
        pairs in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..12),
    ) {
        wait(async {
            let story = Story::of(&script, 4).await;
            let history = story.history();
            for (from, to) in pairs {
                if story.states.is_empty() {
                    return;
                }
                let (from, to) = (from.get(&story.states), to.get(&story.states));
                let moments = (Moment::Version(from.version()), Moment::Version(to.version()));
                let found = history.diff(moments.0, moments.1).await.expect("both are there");
                assert_eq!(found, naive::diff(from, to));
                assert_eq!(found.is_empty(), found == cidgraph::GraphDiff { from: found.from, to: found.to, ..Default::default() });
            }
        });
    }
}
