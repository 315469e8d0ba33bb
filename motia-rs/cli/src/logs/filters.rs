//! Which lines are written: `json,debug,ProcessFoodOrder=trace`.

use std::str::FromStr;

use motia_runtime::log::RUNS;
use tracing::{Event, Metadata, Subscriber, level_filters::LevelFilter};
use tracing_subscriber::layer::{Context, Filter};

use super::line::step_of;
use crate::settings::advice;

/// Cron machinery that tells of every tick.
const NOISY: [(&str, LevelFilter); 1] = [("tokio_cron_scheduler", LevelFilter::WARN)];

/// How lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line.
    Json,
    /// Aligned columns.
    Pretty,
}

/// Which lines are written, and how.
///
/// ```
/// use motia_cli::logs::{Filters, Format};
///
/// let filters: Filters = "json,debug,ProcessFoodOrder=trace".parse().unwrap();
/// assert_eq!(filters.format, Some(Format::Json));
///
/// let refused = "debgu".parse::<Filters>().unwrap_err();
/// assert!(refused.contains("did you mean `debug`?"), "{refused}");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filters {
    /// How they are written, where it was said.
    pub format: Option<Format>,
    level: LevelFilter,
    /// Of steps and of crates or modules.
    named: Vec<(String, LevelFilter)>,
    /// Whether the ends of runs pass whatever the level is.
    with_ends: bool,
}

impl Default for Filters {
    fn default() -> Self {
        Self { format: None, level: LevelFilter::INFO, named: Vec::new(), with_ends: false }
    }
}

impl FromStr for Filters {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut filters = Self::default();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            match (part, part.split_once('=')) {
                ("json", _) => filters.format = Some(Format::Json),
                ("pretty", _) => filters.format = Some(Format::Pretty),
                (_, Some((name, text))) => {
                    filters.named.push((name.trim().to_owned(), level(text.trim())?));
                }
                (text, None) => filters.level = level(text)?,
            }
        }
        Ok(filters)
    }
}

fn level(text: &str) -> Result<LevelFilter, String> {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    let known = LEVELS.contains(&text.to_lowercase().as_str());
    let parsed = known.then(|| text.parse().ok()).flatten();
    parsed.ok_or_else(|| {
        let words = LEVELS.iter().copied().chain(["json", "pretty"]);
        let levels = advice(text, words, "levels are error, warn, info, debug, trace and off");
        format!("there is no level or format `{text}`; {levels}")
    })
}

impl Filters {
    /// What is wrong with a filter that can only be meant for a step that there is not: crates and
    /// modules have no capitals.
    #[must_use]
    pub fn unknown_step(&self, steps: &[&str]) -> Option<String> {
        let capitals = |name: &str| name.contains(|c: char| c.is_ascii_uppercase());
        let mut names = self.named.iter().map(|(name, _)| name.as_str());
        let wrong = names.find(|name| capitals(name) && !steps.contains(name))?;
        let advice = advice(wrong, steps.iter().copied(), "`steps` lists them");
        Some(format!("there is no step `{wrong}`; {advice}"))
    }

    /// The same, with the ends of runs, for those who show lines run by run.
    #[must_use]
    pub(super) fn with_ends(&self) -> Self {
        Self { with_ends: true, ..self.clone() }
    }

    /// Whether the ends of runs are asked for as lines of their own.
    pub(super) fn wants_ends(&self) -> bool {
        self.of_target(RUNS) >= LevelFilter::DEBUG
    }

    fn of_step(&self, step: &str) -> Option<LevelFilter> {
        self.named.iter().rev().find(|(name, _)| name == step).map(|(_, level)| *level)
    }

    /// The level of the longest name that the target begins with.
    fn of_target(&self, target: &str) -> LevelFilter {
        let within = |name: &str| {
            target.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
        };
        let named = self.named.iter().filter(|(name, _)| within(name));
        let longest = named.max_by_key(|(name, _)| name.len()).map(|(_, level)| *level);
        let noisy = NOISY.iter().find(|(name, _)| within(name));
        longest.unwrap_or_else(|| noisy.map_or(self.level, |(_, cap)| self.level.min(*cap)))
    }

    /// The most that any filter lets through.
    fn most(&self) -> LevelFilter {
        self.named.iter().map(|(_, level)| *level).fold(self.level, LevelFilter::max)
    }
}

impl<S: Subscriber> Filter<S> for Filters {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        if self.with_ends && metadata.target() == RUNS {
            return true;
        }
        // Whose line it is stands in the event, which is looked at below.
        let step = metadata.target() == motia_runtime::log::TARGET;
        let level = if step { self.most() } else { self.of_target(metadata.target()) };
        *metadata.level() <= level
    }

    fn event_enabled(&self, event: &Event<'_>, _: &Context<'_, S>) -> bool {
        let metadata = event.metadata();
        if metadata.target() != motia_runtime::log::TARGET || self.named.is_empty() {
            return true;
        }
        let level = step_of(event).and_then(|step| self.of_step(&step));
        *metadata.level() <= level.unwrap_or_else(|| self.of_target(metadata.target()))
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        let ends = if self.with_ends { LevelFilter::DEBUG } else { LevelFilter::OFF };
        Some(self.most().max(ends))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::{Layer, layer::SubscriberExt as _, registry::Registry};

    use super::*;
    use crate::logs::line::Line;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<String>>>);

    impl<S: Subscriber> Layer<S> for Kept {
        fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
            self.0.lock().unwrap().push(Line::of(event, jiff::Timestamp::UNIX_EPOCH).message);
        }
    }

    /// The lines that pass.
    fn passed(filters: &str, say: impl FnOnce()) -> Vec<String> {
        let kept = Kept::default();
        let filters: Filters = filters.parse().unwrap();
        let subscriber = Registry::default().with(kept.clone().with_filter(filters));
        tracing::subscriber::with_default(subscriber, say);
        let lines = kept.0.lock().unwrap();
        lines.clone()
    }

    fn two_steps_speak() {
        tracing::debug!(target: "motia::step", step = "Charge", "of Charge");
        tracing::debug!(target: "motia::step", step = "Pack", "of Pack");
    }

    #[test]
    fn a_step_is_heard_louder_than_the_others() {
        assert_eq!(passed("info,Charge=debug", two_steps_speak), ["of Charge"]);
        assert_eq!(passed("debug,Charge=warn", two_steps_speak), ["of Pack"]);
    }

    #[test]
    fn the_cron_machinery_is_quiet_unless_it_is_asked_for() {
        let tick = || tracing::info!(target: "tokio_cron_scheduler::job", "tick");
        assert!(passed("debug", tick).is_empty());
        assert_eq!(passed("info,tokio_cron_scheduler=info", tick), ["tick"]);
    }

    #[test]
    fn a_filter_for_a_step_that_there_is_not_is_found() {
        let filters: Filters = "info,Chrage=debug,hyper=warn".parse().unwrap();
        let told = filters.unknown_step(&["Charge", "Pack"]).unwrap();
        assert!(told.contains("did you mean `Charge`?"), "{told}");
        assert_eq!(Filters::default().unknown_step(&[]), None);
    }
}
