//! Noop steps: people and outside systems, drawn in a flow and never run.

use super::{About, about_builders, nothing_to_check};
use crate::{
    registry::{Definition, Kind},
    topic::TopicDef,
};

/// The config of a noop step.
///
/// ```
/// # use motia_core as motia;
/// # use motia_core::config::NoopConfig;
/// const CONFIG: NoopConfig = NoopConfig::new("Customer")
///     .description("Orders by telephone")
///     .emits(&["order.placed"]);
///
/// motia::step!(CONFIG);
/// ```
pub struct NoopConfig {
    about: About,
    emits: &'static [&'static str],
    subscribes: &'static [&'static str],
}

impl NoopConfig {
    /// A step of this name.
    ///
    /// # Panics
    /// At compile time, when the name cannot be.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { about: About::new(name), emits: &[], subscribes: &[] }
    }

    about_builders!();
    nothing_to_check!();

    /// Names what it sets going: topics, or routes of API steps such as `/orders`.
    #[must_use]
    pub const fn emits(mut self, topics: &'static [&'static str]) -> Self {
        self.emits = topics;
        self
    }

    /// Names the topics that it hears of.
    #[must_use]
    pub const fn subscribes(mut self, topics: &'static [&'static str]) -> Self {
        self.subscribes = topics;
        self
    }

    /// Makes the step's definition; [`step!`](crate::step!) calls it.
    #[must_use]
    pub fn bind(self) -> Definition {
        let named = |topics: &[&'static str]| topics.iter().copied().map(TopicDef::named).collect();
        Definition {
            about: self.about,
            emits: named(self.emits),
            subscribes: named(self.subscribes),
            kind: Kind::Noop,
        }
    }
}
