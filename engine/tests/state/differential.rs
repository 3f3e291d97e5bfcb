//! Random scripts: each step leaves what the model says, for readers of now and of before.

use proptest::prelude::*;

use crate::content::info;
use crate::script::{Play, Step, steps};
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
        let straight = play.straight();
        let version = play.version();
        let hash = |subject: &Subject| subject.generation.at(subject.generation.stamp(version)).state_hash(&info());
        let expected = hash(&play.subject);
        prop_assert_eq!(hash(&straight), expected);
        prop_assert_eq!(hash(&Subject::backwards(play.now())), expected);

        let (folded, folded_straight) = (play.subject.fold(version), straight.fold(version));
        prop_assert_eq!(hash(&play.subject.successor(&folded)), expected);
        prop_assert_eq!(&folded.base, &folded_straight.base);
        prop_assert!(folded.base.lifetimes().is_none());
        prop_assert_eq!(format!("{:?}", folded.pool), format!("{:?}", folded_straight.pool));
        let again = play.subject.successor(&folded).fold(version);
        prop_assert!(again.renumbering.keeps_nodes());
        prop_assert_eq!(&again.base, &folded.base);
        prop_assert_eq!(format!("{:?}", again.pool), format!("{:?}", folded.pool));
    }

    /// Of the history too, and of its beginning at any version.
    #[test]
    fn a_history_depends_on_the_events_alone(steps in steps(), back in any::<u8>()) {
        let mut play = Play::new();
        steps.iter().filter(|step| !matches!(step, Step::Fold(_))).for_each(|step| play.step(step));
        let straight = play.straight();
        let (last, earlier) = (play.version(), play.version() - u64::from(back) % (play.version() + 1));
        for version in [last, earlier] {
            let (folded, expected) = (play.subject.fold_history(version), straight.fold_history(version));
            prop_assert_eq!((folded.base.version(), folded.base.last_version()), (0, version));
            prop_assert_eq!(&folded.base, &expected.base);
            prop_assert_eq!(format!("{:?}", folded.pool), format!("{:?}", expected.pool));
        }
        // Two spans that meet in a plain base hold what one would.
        let first = straight.fold(earlier);
        let second = Play::replayed(straight.successor(&first), &play.log[usize::try_from(earlier).unwrap() + 1..]);
        let second = second.fold_history(last);
        prop_assert_eq!((second.base.version(), second.base.last_version()), (earlier, last));
        prop_assert!(earlier < last || second.base.lifetimes().is_none());
        let plain = straight.successor(&second).fold(last);
        prop_assert_eq!(&plain.base, &straight.fold(last).base);
    }
}
