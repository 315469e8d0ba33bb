//! A step fires at its time, by any form of schedule, across clock changes.

use std::time::Duration;

use jiff::SignedDuration;
use motia_core::config::cron::CronConfig;
use motia_store::MemoryStore;

use super::app::*;

async fn firings(config: CronConfig, from: &str, time: Duration, format: &str) -> Vec<String> {
    let notes = Notes::default();
    let (_runtime, _) = fresh(notes.step(config, secs(0)), from).await;
    pass(time).await;
    notes.times(format)
}

#[tokio::test(start_paused = true)]
async fn five_fields_fire_on_the_minute() {
    let config = CronConfig::new("Five", "*/20 9 * * *");

    let fired = firings(config, "2026-11-21T00:00:03Z", hours(48), "%d %H:%M:%S%.f").await;

    let day = |d| ["09:00:00", "09:20:00", "09:40:00"].map(|time| format!("{d} {time}"));
    assert_eq!(fired, [day(21), day(22)].concat());
}

#[tokio::test(start_paused = true)]
async fn six_fields_fire_on_the_second() {
    let config = CronConfig::new("Six", "*/15 * * * * *");

    let fired = firings(config, "2026-11-21T10:59:40.5Z", secs(60), "%H:%M:%S%.f").await;

    assert_eq!(fired, ["10:59:45", "11:00:00", "11:00:15", "11:00:30"]);
}

#[tokio::test(start_paused = true)]
async fn the_forms_with_an_at_sign_fire() {
    let daily = CronConfig::new("Daily", "@daily").timezone("Europe/Paris");
    let weekly = CronConfig::new("Weekly", "@weekly");

    let days = firings(daily, "2026-11-21T00:00:00Z", hours(72), "%d %H:%M").await;
    let weeks = firings(weekly, "2026-11-21T00:00:00Z", hours(24 * 15), "%d %H:%M").await;

    assert_eq!(days, ["21 23:00", "22 23:00", "23 23:00"]);
    assert_eq!(weeks, ["22 00:00", "29 00:00"]);
}

#[tokio::test(start_paused = true)]
async fn a_local_time_that_the_spring_skips_fires_at_the_jump() {
    let nightly = CronConfig::new("Nightly", "30 2 * * *").timezone("Europe/Paris");

    let fired = firings(nightly, "2026-03-27T12:00:00Z", hours(96), "%d %H:%M").await;

    // 02:30 is 01:30 UTC in winter and 00:30 UTC in summer; on the 29th it does not exist.
    assert_eq!(fired, ["28 01:30", "29 01:00", "30 00:30", "31 00:30"]);
}

#[tokio::test(start_paused = true)]
async fn a_local_time_that_comes_twice_in_autumn_fires_once() {
    let nightly = CronConfig::new("Nightly", "30 2 * * *").timezone("Europe/Paris");

    let fired = firings(nightly, "2026-10-23T12:00:00Z", hours(96), "%d %H:%M").await;

    assert_eq!(fired, ["24 00:30", "25 00:30", "26 01:30", "27 01:30"]);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_steps_due_in_one_second_all_fire() {
    let notes = Notes::default();
    let steps = (0..1000).map(|i| {
        let name: &'static str = format!("Step{i}").leak();
        notes.step(CronConfig::new(name, "0 12 * * *"), secs(0))
    });
    let (store, clock) = (MemoryStore::new().into(), WallClock::reading("2026-11-21T11:00:00Z"));
    let _runtime = start(steps, &store, &clock).await;

    pass(hours(2)).await;

    assert_eq!(notes.count(), 1000);
    assert!(notes.times("%H:%M:%S").iter().all(|time| time == "12:00:00"));
}

/// A step of every minute; the clock is set at 10:02:30, and the notes since then are given.
async fn minutes_after_the_clock_is_set(by: SignedDuration, time: Duration) -> Vec<String> {
    let notes = Notes::default();
    let config = CronConfig::new("Minutes", "* * * * *");
    let (_runtime, clock) = fresh(notes.step(config, secs(0)), "2026-11-21T10:00:30Z").await;
    pass(secs(120)).await;
    assert_eq!(notes.times("%H:%M"), ["10:01", "10:02"]);

    clock.set_by(by);
    pass(time).await;

    notes.times("%H:%M").split_off(2)
}

#[tokio::test(start_paused = true)]
async fn a_clock_set_forward_passes_over_firings_and_goes_on() {
    let fired = minutes_after_the_clock_is_set(SignedDuration::from_hours(1), secs(125)).await;

    // Set to 11:02:30. What lies between was missed, and this step makes up for nothing; the firing
    // of 11:02 is seen half a minute late, as after a pause of the machine.
    assert_eq!(fired, ["11:02", "11:03", "11:04"]);
}

#[tokio::test(start_paused = true)]
async fn a_clock_set_back_has_the_schedule_go_on_from_there() {
    let fired = minutes_after_the_clock_is_set(-SignedDuration::from_hours(1), secs(125)).await;

    // Set to 09:02:30, not silent until 10:03.
    assert_eq!(fired, ["09:03", "09:04"]);
}

#[tokio::test(start_paused = true)]
async fn a_clock_set_back_by_seconds_fires_nothing_again() {
    let fired = minutes_after_the_clock_is_set(-SignedDuration::from_secs(40), secs(125)).await;

    // Set to 10:01:50: the firing of 10:02 was made.
    assert_eq!(fired, ["10:03"]);
}

#[tokio::test(start_paused = true)]
async fn a_clock_set_back_while_a_daily_step_waits_costs_it_no_firing() {
    let notes = Notes::default();
    let config = CronConfig::new("Daily", "0 12 * * *");
    let (_runtime, clock) = fresh(notes.step(config, secs(0)), "2026-11-21T10:00:00Z").await;

    pass(hours(1)).await;
    clock.set_by(-SignedDuration::from_hours(5));
    pass(hours(48)).await;

    assert_eq!(notes.times("%d %H:%M"), ["21 12:00", "22 12:00"]);
}
