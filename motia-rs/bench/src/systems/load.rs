//! The three loads of a system.

use std::time::{Duration, Instant};

use super::{app::App, figures::Figures, system::System};
use crate::load::{Answers, Calls};

/// Calls per second of the steady load. The app keeps 200 runs a second, of which a call makes up to four.
pub(super) const STEADY: f64 = 40.0;
/// Connections of the full load.
pub(super) const CONNECTIONS: usize = 64;
/// The longest steady load: what is older may be among the runs that are not kept any more.
const LONGEST_STEADY: Duration = Duration::from_secs(20);
/// Before a load is looked at.
const WARM_UP: Duration = Duration::from_secs(1);
/// The saturated load ends when nothing waits any more; it is looked so often.
const SLICE: Duration = Duration::from_millis(250);
/// How long what is left of the steady load may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// One in so many answers may be another than it should.
const STRANGE: u64 = 1000;

/// Puts a system under its loads, one after the other.
pub(super) fn measure(system: &System, app: &App, span: Duration) -> anyhow::Result<Figures> {
    (system.prepare)(app)?;
    let calls = Calls::new(app.address, system.request);

    let ramp = WARM_UP + Duration::from_secs_f64(system.job);
    let counted = span.min(LONGEST_STEADY);
    let steady = right(system, calls.at_pace(STEADY, ramp + counted)?)?;
    let steadily_ran = app.queue(system.works)?.running;
    settle(system, app)?;
    let mut to_start = accept_to_start(system, app, ramp)?;
    let measured = to_start.len() as f64;
    anyhow::ensure!(
        measured > STEADY * counted.as_secs_f64() * 0.9,
        "the runs of {}: only {measured} of a steady load were kept",
        system.name
    );

    right(system, calls.back_to_back(CONNECTIONS, WARM_UP)?)?;
    let full = right(system, calls.back_to_back(CONNECTIONS, span)?)?;
    let left = app.queue(system.works)?;

    let (mut saturated, ran) = saturate(system, app, &calls, span)?;

    let all = [&steady, &full, &saturated];
    let strange = all.iter().flat_map(|answers| &answers.by_status);
    let strange = strange.filter(|(status, _)| **status != system.status).map(|(_, n)| n).sum();
    to_start.sort_unstable();
    saturated.nanos.sort_unstable();
    Ok(Figures {
        system: system.name,
        what: system.what,
        per_second: full.per_second(),
        saturated: saturated.nanos,
        to_start,
        steadily_ran,
        ran,
        left: left.waiting + left.delayed,
        strange,
    })
}

/// What came of a load, if enough of it was what it should be.
fn right(system: &System, answers: Answers) -> anyhow::Result<Answers> {
    let all = answers.nanos.len() as u64;
    let right = answers.by_status.get(&system.status).copied().unwrap_or_default();
    anyhow::ensure!(
        all > 0 && (all - right) * STRANGE <= all,
        "{}: {right} of {all} answers are {}; by status: {:?}",
        system.name,
        system.status,
        answers.by_status
    );
    Ok(answers)
}

/// Waits until everything is done, so that its runs are there.
fn settle(system: &System, app: &App) -> anyhow::Result<()> {
    let began = Instant::now();
    loop {
        let queue = app.queue(system.works)?;
        if queue.waiting + queue.delayed == 0 {
            return Ok(());
        }
        anyhow::ensure!(began.elapsed() < PATIENCE, "{} does not keep up: {queue:?}", system.name);
        std::thread::sleep(SLICE);
    }
}

/// Nanoseconds from the moment a call comes to its step until the step that works begins with it; what came
/// before `ramp` is over is left out.
fn accept_to_start(system: &System, app: &App, ramp: Duration) -> anyhow::Result<Vec<u64>> {
    let (accepted, started) = (app.starts(system.accepts)?, app.starts(system.works)?);
    let Some(first) = accepted.values().min().copied() else { return Ok(Vec::new()) };
    let counted =
        accepted.into_iter().filter(|(_, at)| at.duration_since(first).unsigned_abs() > ramp);
    let waited = counted.filter_map(|(trace, at)| Some(started.get(&trace)?.duration_since(at)));
    Ok(waited.map(|wait| wait.as_nanos().max(0) as u64).collect())
}

/// Calls at the steady pace, while all workers are busy and more waits; gives how many were, at least.
fn saturate(
    system: &System,
    app: &App,
    calls: &Calls,
    span: Duration,
) -> anyhow::Result<(Answers, u64)> {
    app.pause(system.works)?;
    right(system, calls.back_to_back(CONNECTIONS, span)?)?;
    app.resume(system.works)?;
    std::thread::sleep(SLICE);
    let (began, mut answers, mut ran) = (Instant::now(), Answers::default(), u64::MAX);
    while began.elapsed() < span {
        let slice = calls.at_pace(STEADY, SLICE)?;
        let queue = app.queue(system.works)?;
        if queue.waiting <= queue.running {
            break; // they have caught up
        }
        ran = ran.min(queue.running);
        answers.and(slice);
    }
    anyhow::ensure!(!answers.nanos.is_empty(), "{}: nothing is left to be done", system.name);
    Ok((right(system, answers)?, ran))
}
