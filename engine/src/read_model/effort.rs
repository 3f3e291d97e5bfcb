//! What looking at many nodes costs, and whether that is worth more threads than the asker's.
//!
//! Much work is cut into pieces, on rayon's threads, whose results come in the order of the pieces: an answer is the same
//! on any number of threads. Little work never leaves the thread of who asks.

use rayon::prelude::*;

use crate::algorithm::{CancelToken, Cancelled};

/// Nodes of a piece; between two it is looked whether the asker gave up.
pub(super) const NODES_A_PIECE: usize = 4096;

/// Work from which on more threads win: handing it over and back takes some 20 µs, on a machine at rest.
const NS_WORTH_THREADS: usize = 500_000;

/// What is done with each node, where several threads were measured to do it half as fast again or faster than one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effort {
    /// It is held against a criterion.
    Look,
    /// What it is ordered by is read, and few of many are kept.
    Rank,
    /// Something that more threads were not seen to help.
    Alone,
}

impl Effort {
    /// Returns about how many nanoseconds it takes for each, in a graph of a million.
    const fn ns_a_node(self) -> usize {
        match self {
            Self::Look => 100,
            Self::Rank => 200,
            Self::Alone => 0,
        }
    }

    /// Returns whether doing it with so many nodes is worth several threads.
    #[inline]
    pub(super) fn is_much(self, nodes: usize) -> bool {
        nodes.saturating_mul(self.ns_a_node()) >= NS_WORTH_THREADS
    }

    /// Does it with all nodes, a piece of them at a time, and returns what came of each piece.
    ///
    /// # Errors
    /// [`Cancelled`] by `cancel`.
    pub(super) fn in_pieces<T: Sync, R: Send>(
        self,
        nodes: &[T],
        cancel: &CancelToken,
        piece: impl Fn(&[T]) -> R + Sync,
    ) -> Result<Vec<R>, Cancelled> {
        let piece = |nodes: &[T]| cancel.check().map(|()| piece(nodes));
        if self.is_much(nodes.len()) {
            nodes.par_chunks(NODES_A_PIECE).map(piece).collect()
        } else {
            nodes.chunks(NODES_A_PIECE).map(piece).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use rayon::{ThreadPool, ThreadPoolBuilder};

    use super::*;

    fn threads(count: usize) -> ThreadPool {
        ThreadPoolBuilder::new().num_threads(count).build().expect("the system gives threads")
    }

    #[test]
    fn pieces_come_in_order_on_any_number_of_threads() {
        for len in [0, 1, NODES_A_PIECE, NODES_A_PIECE + 1, 20 * NODES_A_PIECE + 7] {
            let nodes: Vec<usize> = (0..len).collect();
            let expected: Vec<Vec<usize>> = nodes.chunks(NODES_A_PIECE).map(<[usize]>::to_vec).collect();
            for count in [1, 4] {
                let pieces = || Effort::Look.in_pieces(&nodes, &CancelToken::new(), <[usize]>::to_vec);
                assert_eq!(threads(count).install(pieces), Ok(expected.clone()), "{len} nodes, {count} threads");
            }
        }
    }

    #[test]
    fn little_work_stays_where_it_is_asked_for() {
        let caller = std::thread::current().id();
        let nodes = vec![0; NS_WORTH_THREADS / Effort::Look.ns_a_node() - 1];
        let on = Effort::Look.in_pieces(&nodes, &CancelToken::new(), |_| std::thread::current().id());
        assert!(on.expect("nobody cancels").iter().all(|thread| *thread == caller));
    }

    #[test]
    fn who_gives_up_in_the_middle_gets_nothing_and_the_rest_is_left_out() {
        let (nodes, token, begun) = (vec![0; 1000 * NODES_A_PIECE], CancelToken::new(), AtomicUsize::new(0));
        let piece = |_: &[i32]| {
            begun.fetch_add(1, Ordering::Relaxed);
            token.cancel();
        };
        let given_up = threads(4).install(|| Effort::Look.in_pieces(&nodes, &token, piece));
        assert_eq!(given_up, Err(Cancelled));
        assert!(begun.into_inner() <= 4, "each thread has begun one piece at most");
    }
}
