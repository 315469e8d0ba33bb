//! What a cron step has in hand: which firings find room, and in which order they are taken.

use std::collections::VecDeque;

use jiff::Timestamp;
use motia_core::{config::Overlap, store::StoreError, trace::TraceContext};
use tokio::sync::oneshot;

use super::ledger::Claim;

/// What a cron step has in hand.
#[derive(Default)]
pub(super) struct Desk {
    stage: Stage,
    due: VecDeque<Due>,
    /// Runs under way in this process.
    pub(super) running: usize,
    /// Whether a lease is to be given back.
    pub(super) leased: bool,
    /// The last firing that was left out and is not settled yet.
    passed: Option<Timestamp>,
}

/// Whether a task works through what is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Stage {
    /// None does.
    #[default]
    Idle,
    /// One does.
    Busy,
    /// One does, and has run all that was due.
    Ending,
}

/// Something to be run.
pub(super) enum Due {
    /// A firing of the schedule.
    Firing(Timestamp),
    /// A run that somebody asked for, who waits to hear what came of it; and what it is shown by.
    Asked(TraceContext, String, oneshot::Sender<Result<Claim, StoreError>>),
}

/// What the working task does next.
pub(super) enum Next {
    /// Runs this.
    Run(Due),
    /// Gives the lease back, and settles the firings up to here that were left out.
    WindUp(Option<Timestamp>),
    /// Ends.
    Done,
}

impl Desk {
    /// Puts firings on the desk, in order. Gives those that find no room, and whether a task is to
    /// be set to work.
    pub(super) fn put(
        &mut self,
        mut firings: Vec<Timestamp>,
        overlap: Overlap,
    ) -> (Vec<Timestamp>, bool) {
        let room = self.room(overlap).min(firings.len());
        let left_out = firings.split_off(room);
        self.passed = self.passed.max(left_out.last().copied());
        self.due.extend(firings.into_iter().map(Due::Firing));
        (left_out, self.begin())
    }

    /// Puts a run on the desk that somebody asked for; `None` when it finds no room. Otherwise
    /// whether a task is to be set to work.
    pub(super) fn put_asked(&mut self, asked: Due, overlap: Overlap) -> Option<bool> {
        if self.room(overlap) == 0 {
            return None;
        }
        self.due.push_back(asked);
        Some(self.begin())
    }

    /// How many find room. Firings that fall due together come one after the other under any policy:
    /// a late wake-up loses none.
    fn room(&self, overlap: Overlap) -> usize {
        let free = self.stage != Stage::Busy && self.due.is_empty();
        match overlap {
            Overlap::Allow => usize::MAX,
            _ if free => usize::MAX,
            // Before the run starts, what is in hand is the one that waits: for another instance.
            Overlap::Queue if self.running > 0 && self.due.is_empty() => 1,
            _ => 0,
        }
    }

    fn begin(&mut self) -> bool {
        let begins = self.stage == Stage::Idle && !self.due.is_empty();
        if begins {
            self.stage = Stage::Busy;
        }
        begins
    }

    /// What the working task does next. At a shutdown, what is still due stays unclaimed: after the
    /// restart it counts as missed.
    pub(super) fn next(&mut self, stopping: bool) -> Next {
        if stopping {
            self.due.clear();
        }
        if let Some(due) = self.due.pop_front() {
            self.stage = Stage::Busy;
            return Next::Run(due);
        }
        let passed = self.passed.take();
        if std::mem::take(&mut self.leased) || passed.is_some() {
            self.stage = Stage::Ending;
            return Next::WindUp(passed);
        }
        self.stage = Stage::Idle;
        Next::Done
    }
}
