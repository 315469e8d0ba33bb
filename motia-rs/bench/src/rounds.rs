//! Interleaved rounds: ours, the limit, ours, the limit …, so that a noisy neighbour hits both.

use std::time::Duration;

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    rounds: usize,
    /// How long one side of one round takes.
    pub(crate) span: Duration,
    /// Only this side runs, once: a profiler looks on.
    side: Option<Side>,
}

/// One side of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Side {
    Ours,
    Limit,
}

impl Effort {
    pub(crate) fn new(rounds: usize, seconds: f64) -> Self {
        Self { rounds: rounds.max(1), span: Duration::from_secs_f64(seconds.max(0.1)), side: None }
    }

    /// One side alone, once and without a warm-up.
    pub(crate) fn of(side: Side, seconds: f64) -> Self {
        Self { side: Some(side), ..Self::new(1, seconds) }
    }

    /// The median figures of both sides and of the ratio within each round, after one round of
    /// warm-up.
    pub(crate) fn compare(
        &self,
        mut ours: impl FnMut(Duration) -> anyhow::Result<f64>,
        mut limit: impl FnMut(Duration) -> anyhow::Result<f64>,
    ) -> anyhow::Result<Compared> {
        match self.side {
            Some(Side::Ours) => return Ok(Compared { ours: ours(self.span)?, ..Compared::NONE }),
            Some(Side::Limit) => {
                return Ok(Compared { limit: limit(self.span)?, ..Compared::NONE });
            }
            None => {}
        }
        let warm_up = self.span / 4;
        ours(warm_up)?;
        limit(warm_up)?;
        let (mut our, mut their, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..self.rounds {
            // Each side comes first as often as the other.
            let (one, other) = if round % 2 == 0 {
                let one = ours(self.span)?;
                (one, limit(self.span)?)
            } else {
                let other = limit(self.span)?;
                (ours(self.span)?, other)
            };
            our.push(one);
            their.push(other);
            ratios.push(one / other);
        }
        Ok(Compared { ours: median(our), limit: median(their), ratio: median(ratios) })
    }

    /// The median figure of one side alone, after a warm-up.
    pub(crate) fn alone(
        &self,
        mut ours: impl FnMut(Duration) -> anyhow::Result<f64>,
    ) -> anyhow::Result<f64> {
        if self.side.is_none() {
            ours(self.span / 4)?;
        }
        let figures: anyhow::Result<Vec<_>> = (0..self.rounds).map(|_| ours(self.span)).collect();
        Ok(median(figures?))
    }
}

/// The medians of a comparison.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Compared {
    pub(crate) ours: f64,
    pub(crate) limit: f64,
    pub(crate) ratio: f64,
}

impl Compared {
    const NONE: Self = Self { ours: f64::NAN, limit: f64::NAN, ratio: f64::NAN };
}

pub(crate) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// What this part of the times in nanoseconds, which are sorted, does not exceed; in milliseconds.
pub(crate) fn millis(sorted: &[u64], part: f64) -> f64 {
    let place = (sorted.len() as f64 * part).ceil() as usize;
    sorted.get(place.saturating_sub(1)).map_or(f64::NAN, |nanos| *nanos as f64 / 1e6)
}
