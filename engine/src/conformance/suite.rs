//! The list of all contracts, and the macro that makes a test of each.

/// Makes a module of tests, one for each contract of what stands on a store.
///
/// Takes the module's name and an expression that gives a future of a [`Subject`](crate::store::conformance::Subject),
/// or of an `Option`: `None` skips the test. It is evaluated for each test. The calling crate needs `tokio` with
/// `macros` and `rt-multi-thread`.
///
/// ```ignore
/// cidgraph::engine_conformance!(in_memory, async { Subject::new(MemoryStore::new()) });
/// ```
#[macro_export]
macro_rules! engine_conformance {
    ($module:ident, $factory:expr) => {
        mod $module {
            use super::*;

            $crate::engine_conformance_tests! { { $factory }
                slices::every_policy_fetches_what_the_model_picks
                slices::slices_of_any_size_put_together_are_the_whole_stream
                slices::filters_leave_out_events_but_verify_them
                slices::time_windows_go_by_the_events_own_times
                slices::an_aggregate_without_events_gives_an_empty_slice
                slices::payloads_are_decoded_on_demand
                slices::damage_is_named_where_it_is
                subscription::a_buffer_waits_until_it_is_full_and_never_drops
                subscription::subjects_and_filters_pick_events
                subscription::a_callback_gets_each_event_in_order
                subscription::a_durable_subscription_hands_out_again_what_may_not_be_finished
                subscription::a_damaged_event_stops_a_buffer_after_the_events_before_it
                subscription::a_graph_update_begins_with_what_the_sink_lacks
                processor::all_graphs_of_a_store_are_kept_current_and_nothing_else
                processor::a_processor_goes_on_where_it_stopped_also_with_a_sink_that_lost_or_gained
                processor::a_graph_that_the_sink_refuses_does_not_stop_the_others
                processor::a_damaged_graph_goes_to_the_sink_up_to_the_damage
                engines::two_engines_write_one_graph_at_once
                engines::an_engine_that_lags_behind_decides_on_what_is_there_now
                engines::replicas_follow_many_graphs_live_and_across_a_restart
                past::every_version_of_a_graph_is_what_it_was
            }
        }
    };
}

/// Expands to the tests of [`engine_conformance!`](crate::engine_conformance).
#[doc(hidden)]
#[macro_export]
macro_rules! engine_conformance_tests {
    ({ $factory:expr } $($module:ident :: $name:ident)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let subject: Option<$crate::store::conformance::Subject> = $factory.await.into();
                let Some(subject) = subject else { return };
                if let Err(breach) = $crate::conformance::$module::$name(subject).await {
                    panic!("{breach}");
                }
            }
        )*
    };
}
