//! The room that a list keeps after its contents have gone: enough for what comes next, not for the largest that ever
//! came.

/// Elements for which there stays room whatever was needed last.
const KEPT: usize = 1024;

/// How many times what was needed last may be kept.
const TIMES: usize = 8;

/// Gives back room far above what an emptied list needed last; one that needs about as much each time keeps it, so that
/// filling it allocates nothing.
pub(super) fn trim<T>(list: &mut Vec<T>, needed: usize) {
    if list.capacity() > KEPT.max(needed.saturating_mul(TIMES)) {
        list.shrink_to(KEPT.max(needed));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(capacity: usize, needed: usize, expected: usize) {
        let mut list: Vec<u64> = Vec::with_capacity(capacity);
        trim(&mut list, needed);
        assert_eq!(list.capacity(), expected, "{capacity} {needed}");
    }

    #[test]
    fn only_room_far_above_what_was_needed_is_given_back() {
        check(0, 0, 0);
        check(KEPT, 0, KEPT);
        check(100_000, 100_000, 100_000);
        check(100_000, 12_500, 100_000);
        check(100_000, 12_499, 12_499);
        check(100_000, 1, KEPT);
    }
}
