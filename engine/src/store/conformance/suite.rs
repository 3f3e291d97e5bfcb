//! The list of all contracts, and the macro that makes a test of each.

use std::pin::Pin;

use crate::store::conformance::{Subject, Verdict, append, follow, malformed, read};

/// One sentence of the contract with its check.
#[derive(Debug, Clone, Copy)]
pub struct Contract {
    /// The sentence.
    pub name: &'static str,
    /// The check; takes a fresh, empty store.
    pub check: fn(Subject) -> Pin<Box<dyn Future<Output = Verdict> + Send>>,
}

/// Calls the macro `$callback` with `$arguments` and every contract as `module::name`.
#[doc(hidden)]
#[macro_export]
macro_rules! for_each_store_contract {
    ($($callback:ident)::+, { $($arguments:tt)* }) => {
        $($callback)::+! { { $($arguments)* }
            append::blocks_are_kept_as_they_are
            append::an_append_is_applied_to_all_aggregates_or_none
            append::a_conflict_names_the_actual_head
            append::the_first_conflict_of_a_batch_is_named
            append::sequences_increase_in_the_order_of_the_batch
            append::the_answer_names_each_new_head
            append::an_answered_append_is_seen_by_every_read
            append::a_batch_sent_again_gets_its_first_answer
            append::other_bytes_are_not_taken_for_a_repetition
            append::racing_writers_never_fork
            append::concurrent_appends_are_each_kept_once
            append::a_dropped_append_leaves_all_or_nothing
            append::the_durability_is_one_the_store_can_give
            malformed::an_empty_batch_is_refused
            malformed::a_gap_in_versions_is_refused
            malformed::a_cut_transaction_is_refused
            malformed::an_aggregate_twice_is_refused
            malformed::an_event_of_another_aggregate_is_refused
            malformed::an_event_that_does_not_link_is_refused
            malformed::another_hash_function_is_refused
            read::an_empty_store_holds_nothing
            read::a_read_gives_what_was_asked_for
            read::a_read_of_all_is_in_sequence_order
            read::the_list_is_ordered_by_id
            read::a_head_is_the_last_event
            read::positions_are_kept_for_each_reader
            follow::a_follower_catches_up_then_stays_live
            follow::a_follower_sees_no_gap_and_no_repeat
            follow::a_follower_starts_where_it_was_asked_to
            follow::a_follower_gets_what_passes_its_filter
        }
    };
}

macro_rules! list {
    ({} $($module:ident :: $name:ident)*) => {
        &[$(Contract { name: stringify!($name), check: |subject| Box::pin($module::$name(subject)) }),*]
    };
}

/// Every contract, in reading order.
pub const CONTRACTS: &[Contract] = for_each_store_contract!(list, {});

/// Makes a module of tests, one for each contract, of a store.
///
/// Takes the module's name and an expression that gives a future of a [`Subject`], or of an `Option`: `None` skips the test. It is
/// evaluated for each test. The calling crate needs `tokio` with `macros` and `rt-multi-thread`.
///
/// ```ignore
/// cidgraph::store_conformance!(in_memory, async { Subject::new(MemoryStore::new()) });
/// ```
#[macro_export]
macro_rules! store_conformance {
    ($module:ident, $factory:expr) => {
        mod $module {
            use super::*;

            $crate::for_each_store_contract!($crate::store_conformance_tests, { $factory });
        }
    };
}

/// Expands to the tests of [`store_conformance!`](crate::store_conformance).
#[doc(hidden)]
#[macro_export]
macro_rules! store_conformance_tests {
    ({ $factory:expr } $($module:ident :: $name:ident)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let subject: Option<$crate::store::conformance::Subject> = $factory.await.into();
                let Some(subject) = subject else { return };
                if let Err(breach) = $crate::store::conformance::$module::$name(subject).await {
                    panic!("{breach}");
                }
            }
        )*
    };
}
