//! What "implements the store port" means: the behaviours that every store must show.
//!
//! [`suite!`] makes one test of each. It asks according to what the store declares: a store that
//! cannot wait for a time is not asked about delays, one that has no lanes not about these, and one
//! that keeps nothing is not opened again.
//!
//! ```
//! use std::sync::Arc;
//!
//! use motia_testkit::conformance::{self, Subject};
//!
//! async fn subject() -> Subject {
//!     Subject::new(Arc::new(motia_store::MemoryStore::new()))
//! }
//!
//! conformance::suite!(subject);
//! # fn main() {}
//! ```
//!
//! # Layout
//! - [`state`], [`watch`], [`batch`], [`queue`], [`delay`], [`lane`], [`rank`], [`attempt`], [`many`], [`hold`], [`dead`],
//!   [`ended`], [`search`], [`durability`], [`life`]: the behaviours
//! - [`Subject`]: the store that is asked
//! - `say`: writes and instants in few words
#![expect(clippy::unwrap_used, reason = "all of this is test code, compiled into a library")]

pub mod attempt;
pub mod batch;
pub mod dead;
pub mod delay;
pub mod durability;
pub mod ended;
pub mod hold;
pub mod lane;
pub mod life;
pub mod many;
pub mod queue;
pub mod rank;
mod say;
pub mod search;
pub mod state;
mod subject;
pub mod watch;

pub use subject::Subject;

pub use crate::conformance_suite as suite;

/// Makes a test of each behaviour. Takes the name of an async function that gives a fresh
/// [`Subject`].
#[macro_export]
#[doc(hidden)]
macro_rules! conformance_suite {
    ($subject:path) => {
        $crate::conformance_suite!(@each $subject;
            state: a_value_reads_back_as_it_was_set,
            state: a_version_rises_with_each_write_also_across_deletion,
            state: a_write_under_the_version_that_was_read_is_kept,
            state: a_write_under_another_version_is_refused,
            state: an_entry_whose_time_has_run_out_is_absent,
            state: expiring_removes_what_has_ended_up_to_the_limit,
            state: a_counter_counts_from_zero_and_keeps_its_end,
            state: a_counter_that_ended_counts_from_zero_again,
            state: what_is_no_integer_is_not_counted_on,
            state: deleting_says_what_was_there,
            state: clearing_a_group_leaves_the_others,
            state: a_group_is_read_page_by_page_in_the_order_of_bytes,
            state: a_part_of_a_group_is_read_by_its_place,
            state: groups_are_listed_in_name_order,

            watch: what_becomes_of_an_entry_is_told_with_its_version,
            watch: what_goes_is_told_however_it_goes,
            watch: what_is_said_is_told_and_not_kept,
            watch: other_groups_are_not_told_of,
            watch: of_a_refused_batch_nothing_is_told,
            watch: changes_of_many_committers_are_told_once_and_in_order,
            watch: what_was_committed_was_told_before,
            watch: a_snapshot_and_what_follows_it_make_the_whole,
            watch: a_snapshot_is_as_large_as_it_may_be,
            watch: a_snapshot_says_where_it_stands_after_reopening,

            batch: an_empty_batch_is_kept,
            batch: writes_happen_in_their_order,
            batch: requirements_are_judged_before_any_write,
            batch: a_requirement_that_fails_leaves_nothing_of_the_batch,
            batch: a_write_refused_halfway_leaves_nothing_of_the_batch,
            batch: a_refused_batch_does_not_disturb_its_neighbours,
            batch: an_id_that_no_delivery_has_is_refused_without_disturbing_neighbours,
            batch: a_commit_that_nobody_waits_for_happens,
            batch: of_many_who_require_the_same_version_one_wins,

            queue: a_queue_keeps_its_number,
            queue: an_event_reaches_the_queue_of_each_subscriber,
            queue: an_event_that_nobody_hears_is_no_error,
            queue: a_queue_that_nobody_asked_for_takes_nothing,
            queue: sequence_numbers_rise_in_the_order_of_commits,
            queue: arrivals_of_many_committers_are_heard_once_and_in_order,
            queue: what_was_heard_can_be_pulled,
            queue: waiting_deliveries_are_pulled_page_by_page,
            queue: a_delivery_that_is_done_is_gone,
            queue: depths_agree_with_what_is_listed,

            delay: a_delayed_delivery_is_pulled_when_it_is_due,
            delay: deliveries_due_together_are_pulled_page_by_page,
            delay: delayed_deliveries_are_pulled_by_due_time,
            delay: a_delivery_falls_due_when_it_was_heard_to,
            delay: a_delivery_may_wait_until_the_end_of_time,
            delay: a_delayed_delivery_counts_as_waiting_once_due,

            lane: a_delivery_tells_its_lane,
            lane: a_lane_is_pulled_page_by_page,
            lane: what_has_fallen_due_is_pulled_with_its_lane,
            lane: a_delivery_keeps_its_place_in_an_ordered_lane,
            lane: failures_in_an_ordered_lane_are_told_of_the_dead,
            lane: a_delivery_of_an_unordered_lane_waits_among_the_delayed,
            lane: a_delayed_delivery_of_an_ordered_lane_is_pulled_when_it_is_due,
            lane: it_is_known_how_many_stand_before_a_delivery,
            lane: lanes_survive_reopening,

            rank: an_event_keeps_its_priority_its_end_and_its_key,
            rank: what_is_urgent_comes_among_the_others_or_by_rank,
            rank: what_is_urgent_is_pulled_page_by_page,
            rank: what_waits_for_its_time_has_no_rank,
            rank: it_is_known_how_many_start_before_one_of_another_priority,

            attempt: a_start_is_recorded,
            attempt: a_start_under_a_superseded_token_changes_nothing,
            attempt: a_straggler_is_refused_and_writes_nothing,
            attempt: an_attempt_ends_once,
            attempt: only_a_held_delivery_lets_a_batch_through,
            attempt: a_failed_attempt_is_tried_again_when_due,
            attempt: a_delivery_given_back_has_made_no_attempt,
            attempt: a_postponed_delivery_has_made_no_attempt_and_waits_for_its_time,
            attempt: a_delivery_that_was_begun_says_so,
            attempt: a_delivery_that_was_not_begun_does_not_say_that_it_was,
            attempt: state_events_and_settlement_happen_together,
            attempt: starts_and_settlements_sent_together_come_out_right,

            many: what_is_published_together_is_pulled_page_by_page,
            many: what_is_published_together_ends_each_in_its_own_way,
            many: what_is_published_together_stays_if_a_batch_is_refused,
            many: what_is_published_together_is_found_by_its_marks,
            many: it_is_known_how_many_of_them_start_before_one,
            many: what_is_published_together_survives_reopening,
            many: any_json_is_kept_as_it_was_published,

            hold: a_held_delivery_does_not_fall_due,
            hold: a_held_delivery_keeps_its_place_in_an_ordered_lane,
            hold: a_released_delivery_waits_again,
            hold: what_is_not_held_is_not_released,
            hold: the_failure_of_a_held_delivery_is_noted,
            hold: a_held_delivery_can_be_settled,
            hold: what_is_held_survives_reopening,

            dead: a_dead_letter_tells_what_happened,
            dead: what_waits_to_be_tried_again_tells_why,
            dead: dead_letters_are_listed_page_by_page,
            dead: a_redriven_letter_waits_with_no_attempts_made,
            dead: a_straggler_cannot_settle_a_redriven_letter,
            dead: a_purged_letter_is_gone,
            dead: a_letter_that_is_not_there_is_refused,

            ended: an_ended_delivery_is_gone_and_noted,
            ended: an_attempt_at_an_ended_delivery_is_superseded,
            ended: what_is_settled_cannot_be_ended,
            ended: an_end_is_undone_with_its_batch,
            ended: the_history_is_listed_last_end_first,
            ended: the_history_is_pruned_by_age_and_by_number,
            ended: the_history_survives_reopening,

            search: all_that_waits_is_listed_by_sequence_number,
            search: what_waits_is_told_as_it_is_pulled,
            search: what_waits_is_found_by_each_of_its_marks,
            search: dead_letters_are_found_by_each_of_their_marks,
            search: the_history_is_found_by_each_of_its_marks,

            durability: a_commit_is_kept_as_well_as_was_asked_for,
            durability: what_may_be_kept_less_well_can_be_read_at_once,
            durability: what_may_be_kept_less_well_survives_a_proper_close,

            life: a_closed_store_refuses_commits,
            life: closing_twice_is_no_error,
            life: all_that_was_kept_survives_reopening,
            life: commits_under_way_when_the_store_closes_are_kept,
            life: numbers_and_tokens_are_not_used_twice_after_reopening,
        );
    };
    (@each $subject:path; $($topic:ident: $behaviour:ident,)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $behaviour() {
                $crate::conformance::$topic::$behaviour($subject().await).await;
            }
        )*
    };
}
