//! How many attempts run at once in the whole process.
//!
//! Whoever finds no slot free stands in line, and a slot that is given back is promised to the first in the
//! line. So a queue that always has work cannot keep the others from theirs.

use std::{
    collections::VecDeque,
    sync::{
        Weak,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use parking_lot::Mutex;

use super::Queue;

/// The process's slots; each attempt takes one.
pub(super) struct Slots {
    pub(super) limit: usize,
    /// Taken or promised.
    used: AtomicUsize,
    /// How many queues stand in the line or were promised a slot; nobody looks at them where there are none.
    concerned: AtomicUsize,
    line: Mutex<Line>,
}

#[derive(Default)]
struct Line {
    /// Queues that found none, each once, in their order.
    turned_away: VecDeque<Weak<Queue>>,
    /// Queues that one was promised to; once for each.
    promised: Vec<Weak<Queue>>,
}

impl Line {
    fn take_promise(&mut self, queue: &Weak<Queue>) -> bool {
        let promise = self.promised.iter().position(|other| other.ptr_eq(queue));
        promise.map(|index| self.promised.swap_remove(index)).is_some()
    }

    fn concerned(&self) -> usize {
        self.turned_away.len() + self.promised.len()
    }
}

impl Slots {
    pub(super) fn new(limit: usize) -> Self {
        let (used, concerned) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Self { limit, used, concerned, line: Mutex::default() }
    }

    pub(super) fn are_free(&self) -> bool {
        self.used.load(SeqCst) < self.limit
    }

    /// Whether a queue stands in the line, or was promised a slot: whoever ends an attempt then gives its slot
    /// back, and otherwise may keep it for the next.
    pub(super) fn are_waited_for(&self) -> bool {
        self.concerned.load(SeqCst) > 0
    }

    /// Takes a slot; a queue that finds none is told when one is promised to it.
    pub(super) fn take(&self, queue: &Weak<Queue>) -> bool {
        if !self.are_waited_for() && self.try_take() {
            return true;
        }
        self.change(|line| {
            if line.take_promise(queue) || (line.turned_away.is_empty() && self.try_take()) {
                return true;
            }
            if !line.turned_away.iter().any(|other| other.ptr_eq(queue)) {
                line.turned_away.push_back(queue.clone());
            }
            // One may have been given back before this queue was seen in the line.
            self.concerned.store(line.concerned(), SeqCst);
            if line.turned_away.len() == 1 && self.try_take() {
                line.turned_away.clear();
                return true;
            }
            false
        })
    }

    fn try_take(&self) -> bool {
        let more = |used| (used < self.limit).then_some(used + 1);
        self.used.fetch_update(SeqCst, SeqCst, more).is_ok()
    }

    /// Gives a slot back; gives the queue that it is promised to, which is to be told.
    pub(super) fn give_back(&self) -> Option<Weak<Queue>> {
        self.used.fetch_sub(1, SeqCst);
        if !self.are_waited_for() {
            return None;
        }
        self.change(|line| {
            if line.turned_away.is_empty() || !self.try_take() {
                return None;
            }
            let next = line.turned_away.pop_front()?;
            line.promised.push(next.clone());
            Some(next)
        })
    }

    /// Whether a slot was promised to a queue that has no use for it any more: it is to be given back.
    pub(super) fn decline(&self, queue: &Weak<Queue>) -> bool {
        self.are_waited_for() && self.change(|line| line.take_promise(queue))
    }

    fn change<T>(&self, change: impl FnOnce(&mut Line) -> T) -> T {
        let mut line = self.line.lock();
        let result = change(&mut line);
        self.concerned.store(line.concerned(), SeqCst);
        result
    }
}
