//! Nodes that ever, always or newly met a criterion, against a look at every state of the stretch.

use cidgraph::history::During;
use cidgraph::{Criterion, HistoryError, Moment, NodeId, NodeView};
use proptest::prelude::*;
use std::collections::BTreeMap;

use crate::naive;
use crate::story::{Story, wait};

fn criteria() -> Vec<Criterion> {
    vec![
        Criterion::component("Visual"),
        Criterion::component("Hierarchy"),
        Criterion::equals("Profile", "a", 1),
        Criterion::kind("Person").and(Criterion::component("Spatial").not()),
        Criterion::All,
    ]
}

/// Looks at every state from the `from`th to the `to`th.
fn look(story: &Story, criterion: &Criterion, during: During, from: usize, to: usize) -> Vec<NodeView> {
    let mut last: BTreeMap<NodeId, NodeView> = BTreeMap::new();
    let mut times: BTreeMap<NodeId, usize> = BTreeMap::new();
    let mut first = Vec::new();
    for (number, state) in story.states[from..=to].iter().enumerate() {
        let nodes = naive::nodes(state);
        for id in state.meeting(criterion, nodes.keys().copied()) {
            last.insert(id, nodes[&id].clone());
            *times.entry(id).or_default() += 1;
            if number == 0 {
                first.push(id);
            }
        }
    }
    let wanted = |id: &NodeId| match during {
        During::Ever => true,
        During::Always => times[id] == to - from + 1,
        During::Newly => !first.contains(id),
    };
    last.into_values().filter(|node| wanted(&node.id)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, max_shrink_iters: 300, ..ProptestConfig::default() })]

    #[test]
    fn a_stretch_is_all_of_its_states(
        script in proptest::collection::vec(any::<u8>(), 0..500),
        ends in (any::<prop::sample::Index>(), any::<prop::sample::Index>()),
    ) {
        wait(async {
            let story = Story::of(&script, 4).await;
            if story.states.is_empty() {
                return;
            }
            let ends = (ends.0.index(story.states.len()), ends.1.index(story.states.len()));
            let (from, to) = (ends.0.min(ends.1), ends.0.max(ends.1));
            let moment = |at: usize| Moment::Version(story.states[at].version());
            let history = story.history();
            for criterion in criteria() {
                for during in [During::Ever, During::Always, During::Newly] {
                    let found = history.nodes_during(&criterion, during, moment(from), moment(to)).await;
                    assert_eq!(found.expect("it holds"), look(&story, &criterion, during, from, to), "{during:?} {criterion:?}");
                }
            }
            if from < to {
                let backwards = history.nodes_during(&Criterion::All, During::Ever, moment(to), moment(from)).await;
                assert!(matches!(backwards, Err(HistoryError::Backwards { .. })));
            }
        });
    }
}
