//! Random scripts: each step leaves what the model says, for readers of now and of before.

use proptest::prelude::*;

use crate::content::info;
use crate::script::{Play, steps};
use crate::subject::Subject;

proptest! {
    #[test]
    fn every_version_is_what_the_model_says(steps in steps()) {
        let mut play = Play::new();
        for (number, step) in steps.iter().enumerate() {
            play.step(step);
            play.check_some(number * 7);
        }
        play.check_all();
    }

    #[test]
    fn the_hash_and_the_fold_depend_on_the_state_alone(steps in steps()) {
        let mut play = Play::new();
        steps.iter().for_each(|step| play.step(step));
        // The same events without folds and without what was taken back.
        let mut straight = Subject::new(&play.names);
        for events in &play.log[1..] {
            straight.begin();
            for event in events {
                straight.apply(event);
            }
        }
        let version = play.version();
        let hash = |subject: &Subject| subject.generation.at(subject.generation.stamp(version)).state_hash(&info());
        let expected = hash(&play.subject);
        prop_assert_eq!(hash(&straight), expected);
        prop_assert_eq!(hash(&Subject::backwards(play.now())), expected);

        let (folded, folded_straight) = (play.subject.fold(version), straight.fold(version));
        prop_assert_eq!(hash(&play.subject.successor(&folded)), expected);
        prop_assert_eq!(format!("{:?}", folded.base), format!("{:?}", folded_straight.base));
        prop_assert_eq!(format!("{:?}", folded.pool), format!("{:?}", folded_straight.pool));
        let again = play.subject.successor(&folded).fold(version);
        prop_assert!(again.renumbering.keeps_nodes());
        prop_assert_eq!(format!("{:?}", again.base), format!("{:?}", folded.base));
        prop_assert_eq!(format!("{:?}", again.pool), format!("{:?}", folded.pool));
    }
}
