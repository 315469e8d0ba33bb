//! Tells that something changed, and what it was about, to those who show it and read it again then.
//!
//! It says nothing of the change itself and keeps nothing: several changes between two looks are one. While
//! nobody listens, a beat costs one look at a counter.

use std::sync::{
    Arc,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};

use serde::Serialize;
use tokio::sync::Notify;

/// What something that changed belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Area {
    /// What the steps did.
    Runs,
    /// What waits and what runs, and what keeps it from starting.
    Queues,
    /// What is kept between runs.
    State,
    /// What was given up.
    Dead,
    /// The schedules.
    Cron,
    /// What is kept and shown live.
    Streams,
    /// The log lines, of which whoever keeps them tells.
    Logs,
}

impl Area {
    /// Those that the runtime tells of.
    pub const TOLD: [Self; 6] =
        [Self::Runs, Self::Queues, Self::State, Self::Dead, Self::Cron, Self::Streams];
}

/// Where changes are told.
#[derive(Debug, Default)]
pub struct Pulse {
    listeners: AtomicUsize,
    beats: [AtomicU64; Area::TOLD.len()],
    woken: Notify,
}

impl Pulse {
    /// Tells that something changed.
    pub fn beat(&self, area: Area) {
        if self.is_heard()
            && let Some(beats) = self.beats.get(area as usize)
        {
            beats.fetch_add(1, Ordering::Release);
            self.woken.notify_waiters();
        }
    }

    /// Whether anybody listens.
    #[must_use]
    pub fn is_heard(&self) -> bool {
        self.listeners.load(Ordering::Relaxed) > 0
    }

    /// Listens from now on.
    #[must_use]
    pub fn listen(self: &Arc<Self>) -> Listener {
        self.listeners.fetch_add(1, Ordering::Relaxed);
        Listener { seen: self.beats(), pulse: self.clone() }
    }

    fn beats(&self) -> [u64; Area::TOLD.len()] {
        std::array::from_fn(|area| self.beats[area].load(Ordering::Acquire))
    }
}

/// Somebody who listens, until dropped.
#[derive(Debug)]
pub struct Listener {
    pulse: Arc<Pulse>,
    seen: [u64; Area::TOLD.len()],
}

impl Listener {
    /// Waits until something changed that was not taken yet.
    pub async fn changed(&mut self) {
        loop {
            let woken = self.pulse.woken.notified();
            if self.pulse.beats() != self.seen {
                return;
            }
            woken.await;
        }
    }

    /// Takes what changed since the last time.
    pub fn take(&mut self) -> Vec<Area> {
        let beats = self.pulse.beats();
        let changed = |area: &Area| beats[*area as usize] != self.seen[*area as usize];
        let changed = Area::TOLD.into_iter().filter(changed).collect();
        self.seen = beats;
        changed
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.pulse.listeners.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn who_listens_is_told_once_of_all_that_changed_since() {
        let pulse = Arc::new(Pulse::default());
        pulse.beat(Area::Dead); // before anybody listens
        let mut listener = pulse.listen();
        assert!(listener.changed().now_or_never().is_none());

        pulse.beat(Area::Runs);
        pulse.beat(Area::State);
        pulse.beat(Area::Runs);

        listener.changed().await;
        assert_eq!(listener.take(), [Area::Runs, Area::State]);
        assert!(listener.changed().now_or_never().is_none());
    }

    #[tokio::test]
    async fn one_who_waits_is_woken() {
        let pulse = Arc::new(Pulse::default());
        let mut listener = pulse.listen();
        let beat = async { pulse.beat(Area::Cron) };

        tokio::join!(listener.changed(), beat);

        assert_eq!(listener.take(), [Area::Cron]);
    }

    #[test]
    fn who_is_gone_does_not_listen() {
        let pulse = Arc::new(Pulse::default());
        drop(pulse.listen());
        assert!(!pulse.is_heard());
    }
}
