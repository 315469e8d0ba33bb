//! How the starts of a queue are shared between what was tried before and what was not.

use std::{fmt, sync::Arc};

use motia_core::{config::event::RetryShare, context::Engine};

/// One start, in millionths.
const WHOLE: i64 = 1_000_000;

/// A running balance: whoever waits in vain is owed.
pub(super) struct Share {
    of: Box<dyn Fn(u64) -> f64 + Send + Sync>,
    /// In millionths of a start, so that nothing is lost on the way.
    owed: i64,
}

impl Share {
    pub(super) fn new(share: RetryShare, engine: Arc<dyn Engine>) -> Self {
        Self::by(move |waiting| share(waiting, engine.settings()))
    }

    fn by(of: impl Fn(u64) -> f64 + Send + Sync + 'static) -> Self {
        Self { of: Box::new(of), owed: 0 }
    }

    /// Whether the next start goes to what was tried before, of which so many wait.
    pub(super) fn is_of_tried(&self, waiting: u64) -> bool {
        self.owed + self.share(waiting) >= WHOLE
    }

    /// Takes note of a start while both waited.
    pub(super) fn started(&mut self, waiting: u64) {
        let of_tried = self.is_of_tried(waiting);
        self.owed += self.share(waiting) - if of_tried { WHOLE } else { 0 };
    }

    /// A share that is no number is none.
    fn share(&self, waiting: u64) -> i64 {
        let share = (self.of)(waiting);
        if share.is_nan() { 0 } else { (share.clamp(0.0, 1.0) * WHOLE as f64).round() as i64 }
    }
}

impl fmt::Debug for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Share").field("owed", &self.owed).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many of a hundred starts go to what was tried before.
    fn of_a_hundred(mut share: Share, waiting: u64) -> usize {
        let mut next = || {
            let of_tried = share.is_of_tried(waiting);
            share.started(waiting);
            of_tried
        };
        (0..100).filter(|_| next()).count()
    }

    #[test]
    fn each_gets_its_share() {
        assert_eq!(of_a_hundred(Share::by(|_| 0.3), 1), 30);
        assert_eq!(of_a_hundred(Share::by(|_| 0.0), 1), 0);
        assert_eq!(of_a_hundred(Share::by(|_| 1.0), 1), 100);
        assert_eq!(of_a_hundred(Share::by(|_| f64::NAN), 1), 0);
        let less = |waiting| if waiting > 1000 { 0.1 } else { 0.3 };
        assert_eq!(of_a_hundred(Share::by(less), 1001), 10);
    }

    #[test]
    fn a_share_that_changes_is_kept_from_then_on() {
        let mut share = Share::by(|waiting| if waiting > 5 { 1.0 } else { 0.5 });
        let mut order = String::new();
        for waiting in [1, 1, 1, 1, 9, 9] {
            order.push(if share.is_of_tried(waiting) { 't' } else { 'n' });
            share.started(waiting);
        }
        assert_eq!(order, "ntnttt");
    }
}
