//! How fast the demos go: where a flow simulates work by a pause, this says how long it is.

use motia::prelude::*;

/// How many times as fast as usual.
pub const SPEED: Setting<f64> =
    Setting::new("MOTIA_DEMO_SPEED", "1.0", "How many times as fast as usual simulated work goes")
        .checked(|speed| speed.is_finite() && *speed > 0.0, "a number above 0");
setting!(SPEED);

/// How long to pause for what takes `secs` seconds at the usual speed.
#[must_use]
pub fn pause<E>(ctx: &Context<E>, secs: f64) -> Duration {
    Duration::try_from_secs_f64(secs / ctx.setting(SPEED)).unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests {
    use motia_testkit::{Fake, fake};

    use super::*;

    #[test]
    fn a_pause_is_as_long_as_it_says_and_shorter_at_speed() {
        let (usual, _probe) = fake::<()>();
        let (fast, _probe) = Fake::default().setting(SPEED, 4.0).build::<()>();

        assert_eq!(pause(&usual, 2.0), Duration::from_secs(2));
        assert_eq!(pause(&fast, 2.0), Duration::from_millis(500));
    }
}
