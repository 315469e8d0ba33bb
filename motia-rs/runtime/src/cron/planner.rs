//! Knows which step fires next, sleeps until then, and hands each step what fell due.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use motia_core::context::Engine;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{job::Job, ledger::set_back, missed::made_up, wake::Wake};
use crate::clock::until;

/// Knows which step fires next.
pub(super) struct Planner {
    engine: Arc<dyn Engine>,
    wake: Arc<dyn Wake>,
    plans: Vec<Plan>,
    /// The next firing of each plan.
    agenda: BTreeSet<(Timestamp, usize)>,
    /// The latest that the clock has shown.
    seen: Timestamp,
}

struct Plan {
    job: Arc<Job>,
    /// Firings up to here were handed over.
    handed: Timestamp,
}

/// Firings that are further away are left to the [`Wake`]; nearer ones to tokio's timer.
const NEAR: Duration = Duration::from_secs(5);
/// What a wake-up that never comes may cost.
const GRACE: Duration = Duration::from_millis(250);
/// The clock is looked at at least this often: it may have been set, or the machine have slept.
const LOOK: Duration = Duration::from_secs(30);
/// A clock that ran differently by this much since the last look was set.
const JUMP: SignedDuration = SignedDuration::from_secs(1);
/// A firing that is seen later than this was missed, and is for the step's catch-up to decide.
const LATE: Duration = Duration::from_secs(60);
/// Schedules have whole seconds.
const SECOND: Duration = Duration::from_secs(1);

impl Planner {
    /// A planner for these jobs, each with the instant up to which its firings are settled. What was
    /// missed since then is made up for as each step says.
    pub(super) fn new(
        engine: Arc<dyn Engine>,
        wake: Arc<dyn Wake>,
        jobs: impl IntoIterator<Item = (Arc<Job>, Timestamp)>,
    ) -> Self {
        let seen = engine.now();
        let open = |(job, settled): (Arc<Job>, Timestamp)| {
            job.fall_due(made_up(&job.schedule, job.options(), (settled, seen), seen));
            Plan { job, handed: settled.max(seen) }
        };
        let plans = jobs.into_iter().map(open).collect();
        let mut planner = Self { engine, wake, plans, agenda: BTreeSet::new(), seen };
        (0..planner.plans.len()).for_each(|plan| planner.enter(plan));
        planner
    }

    /// Hands over firings until it is told to stop.
    pub(super) async fn run(mut self, stopping: CancellationToken) {
        while !stopping.is_cancelled() {
            self.hand_over(self.engine.now());
            tokio::select! {
                () = self.doze() => {}
                () = stopping.cancelled() => {}
            }
        }
        self.wake.stop().await;
    }

    fn enter(&mut self, plan: usize) {
        let Plan { job, handed } = &self.plans[plan];
        self.agenda.extend(job.schedule.next(*handed).map(|next| (next, plan)));
    }

    /// Hands over all that is due. Every step comes to its firing before any is planned further.
    fn hand_over(&mut self, now: Timestamp) {
        if now < self.seen {
            self.go_back(now);
        }
        self.seen = now;

        let mut due = Vec::new();
        while let Some((first, plan)) = self.agenda.first().copied().filter(|(at, _)| *at <= now) {
            self.agenda.remove(&(first, plan));
            self.plans[plan].fire(first, now);
            due.push(plan);
        }
        due.into_iter().for_each(|plan| self.enter(plan));
    }

    /// The clock was set back: what is planned is what comes from there on. The ledger knows whether
    /// the next firing was made before.
    fn go_back(&mut self, now: Timestamp) {
        let mut moved = false;
        for plan in &mut self.plans {
            if set_back(plan.handed, now) {
                (plan.handed, moved) = (now, true);
            }
        }
        if moved {
            tracing::warn!(from = %self.seen, to = %now, "the clock was set back; planning anew");
            self.agenda.clear();
            (0..self.plans.len()).for_each(|plan| self.enter(plan));
        }
    }

    /// Sleeps until the next firing, or until the clock was set.
    async fn doze(&self) {
        let Some((next, _)) = self.agenda.first().copied() else {
            return std::future::pending().await;
        };
        let course = Course { from: self.seen, since: Instant::now() };
        if until(next, self.seen) > NEAR {
            tokio::select! {
                () = self.wake.near(next, self.seen) => {}
                () = self.watch(&course, next + GRACE) => return,
            }
        }
        self.watch(&course, next).await;
    }

    /// Sleeps by tokio's timer until `at`, or until the clock leaves its course.
    async fn watch(&self, course: &Course, at: Timestamp) {
        loop {
            let now = self.engine.now();
            if now >= at || course.is_left(now) {
                return;
            }
            tokio::time::sleep(until(at, now).min(LOOK)).await;
        }
    }
}

impl Plan {
    fn fire(&mut self, first: Timestamp, now: Timestamp) {
        let handed = std::mem::replace(&mut self.handed, now);
        if until(now, first) < SECOND {
            return self.job.fall_due(vec![first]);
        }
        let schedule = &self.job.schedule;
        let late = handed.max(now - LATE);
        let mut firings = made_up(schedule, self.job.options(), (handed, late), now);
        firings.extend(schedule.between(late, now));
        self.job.fall_due(firings);
    }
}

/// What the clock should show, as tokio's timer has it.
struct Course {
    from: Timestamp,
    since: Instant,
}

impl Course {
    fn is_left(&self, now: Timestamp) -> bool {
        let expected = self.from + self.since.elapsed();
        now.duration_since(expected).abs() > JUMP
    }
}
