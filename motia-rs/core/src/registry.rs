//! Everything `step!`, `stream!`, `setting!` and `metric!` registered, in name order.
//!
//! # Layout
//! - [`step`]: a step: what its config says, joined to its handler
//! - [`stream`]: a stream, and who may watch it
//! - [`entry`]: what the macros submit, and where each of it stands

pub mod entry;
pub mod step;
pub mod stream;

use std::sync::Arc;

pub use self::{
    entry::{MetricEntry, SettingEntry, Source, StepEntry, StreamEntry},
    step::{
        ApiHandler, ApiStep, CronHandler, CronStep, Definition, EventHandler, EventStep, Events,
        KeyRules, Kind, Selection, Selector, Step,
    },
    stream::StreamDef,
};
use crate::{
    metric::MetricDef, panel::Panel, setting::SettingDef, topic::TopicDef, watch::Authenticator,
};

/// All steps, streams, settings, metrics and panels of an app.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    /// The steps, by name, then by place.
    pub steps: Vec<Arc<Step>>,
    /// The streams, by name, then by place.
    pub streams: Vec<(StreamDef, Source)>,
    /// The settings, by name, then by place.
    pub settings: Vec<(SettingDef, Source)>,
    /// The metrics, by name, then by place.
    pub metrics: Vec<(MetricDef, Source)>,
    /// The pages that it adds to the Workbench, by name, then by place.
    pub panels: Vec<(Panel, Source)>,
    /// Finds out who watches streams.
    pub authenticator: Option<Authenticator>,
}

impl Registry {
    /// Everything that is linked into this program.
    #[must_use]
    pub fn collect() -> Self {
        let steps = inventory::iter::<StepEntry>.into_iter();
        let streams = inventory::iter::<StreamEntry>.into_iter();
        let settings = inventory::iter::<SettingEntry>.into_iter();
        let metrics = inventory::iter::<MetricEntry>.into_iter();
        Self::of(
            steps.map(|entry| ((entry.build)(), entry.source)),
            streams.map(|entry| ((entry.build)(), entry.source)),
        )
        .with_settings(settings.map(|entry| ((entry.build)(), entry.source)))
        .with_metrics(metrics.map(|entry| ((entry.build)(), entry.source)))
    }

    /// These steps and streams, put in order.
    pub fn of(
        steps: impl IntoIterator<Item = (Definition, Source)>,
        streams: impl IntoIterator<Item = (StreamDef, Source)>,
    ) -> Self {
        let mut steps: Vec<_> = steps.into_iter().collect();
        steps.sort_by_key(|(step, source)| (step.about.name, *source));
        let mut streams: Vec<_> = streams.into_iter().collect();
        streams.sort_by_key(|(stream, source)| (stream.name, *source));
        let steps = steps.into_iter().enumerate().map(|(index, (definition, source))| {
            let Definition { about, emits, subscribes, kind } = definition;
            Arc::new(Step { index, about, emits, subscribes, kind, source })
        });
        Self { steps: steps.collect(), streams, ..Self::default() }
    }

    /// The same with these metrics beside its own.
    #[must_use]
    pub fn with_metrics(mut self, metrics: impl IntoIterator<Item = (MetricDef, Source)>) -> Self {
        self.metrics.extend(metrics);
        self.metrics.sort_by_key(|(metric, source)| (metric.name, *source));
        self
    }

    /// The same with these settings beside its own.
    #[must_use]
    pub fn with_settings(
        mut self,
        settings: impl IntoIterator<Item = (SettingDef, Source)>,
    ) -> Self {
        self.settings.extend(settings);
        self.settings.sort_by_key(|(setting, source)| (setting.name, *source));
        self
    }

    /// The same with these panels beside its own.
    #[must_use]
    pub fn with_panels(mut self, panels: impl IntoIterator<Item = (Panel, Source)>) -> Self {
        self.panels.extend(panels);
        self.panels.sort_by_key(|(panel, source)| (panel.name, *source));
        self
    }

    /// The same, with who finds out who watches streams.
    #[must_use]
    pub fn with_authenticator(self, authenticator: Authenticator) -> Self {
        Self { authenticator: Some(authenticator), ..self }
    }

    /// The stream of this name.
    #[must_use]
    pub fn stream(&self, name: &str) -> Option<&StreamDef> {
        self.streams.iter().map(|(stream, _)| stream).find(|stream| stream.name == name)
    }

    /// The panel of this name.
    #[must_use]
    pub fn panel(&self, name: &str) -> Option<&Panel> {
        self.panels.iter().map(|(panel, _)| panel).find(|panel| panel.name == name)
    }

    /// The step of this name.
    #[must_use]
    pub fn step(&self, name: &str) -> Option<&Arc<Step>> {
        self.steps.iter().find(|step| step.name() == name)
    }
}

/// Typed topics, then those that are only named.
pub(crate) fn emits(typed: Vec<TopicDef>, raw: &[&'static str]) -> Vec<TopicDef> {
    typed.into_iter().chain(raw.iter().copied().map(TopicDef::named)).collect()
}
