//! What an app may set about the running of its steps.

use std::{
    num::{NonZeroU32, NonZeroUsize},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use motia_core::{context::Limits, setting::Values};

use crate::runs::{Export, RunSettings};

/// How much of the audit log is kept: who changed what by the admin API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditSettings {
    /// As many entries, about: 10,000.
    pub count: u64,
    /// For so long: 90 days.
    pub age: Duration,
}

impl Default for AuditSettings {
    fn default() -> Self {
        Self { count: 10_000, age: Duration::from_secs(90 * 24 * 60 * 60) }
    }
}

/// What an app may set about the running of its steps. Every limit has its default here.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Settings {
    /// Attempts of one event step that run at once, where its config says nothing: 16.
    pub concurrency: NonZeroU32,
    /// Attempts of all event steps together that run at once: 1024.
    pub process_concurrency: NonZeroUsize,
    /// Deliveries of one queue that are held in memory; the others wait in the store: 4096.
    pub window: usize,
    /// How long an API handler may take, where its config says nothing: 30 s.
    pub handler_timeout: Duration,
    /// How long a shutdown lets running handlers finish: 30 s.
    pub drain: Duration,
    /// How long a handler that asked for it may clean up after it was cancelled: 5 s.
    pub cancel_grace: Duration,
    /// How long cancelled, expired and superseded events stay in the history: 7 days.
    pub history_age: Duration,
    /// How many of them stay in the history: 100,000.
    pub history_count: u64,
    /// How much of the runs is kept.
    pub runs: RunSettings,
    /// Who takes the recorded runs out of the program: nobody.
    pub export: Option<Arc<dyn Export>>,
    /// How much of the audit log is kept.
    pub audit: AuditSettings,
    /// Changes that wait for one connection that watches streams; one that falls further behind is shown
    /// everything anew: 256.
    pub stream_buffer: usize,
    /// Items of a stream's group that can be watched as a whole: 10,000.
    pub stream_items: usize,
    /// Groups and items that one connection may watch: 100.
    pub stream_subscriptions: usize,
    /// Changes of all streams that are held in memory, for connections that were away for a moment: 4096.
    pub stream_history: usize,
    /// The same in bytes: 16 MiB.
    pub stream_history_bytes: usize,
    /// What is too large to be kept.
    pub limits: Limits,
    /// Series of one metric of the app, beyond which new values of labels are counted as `other`: 1000.
    pub max_series: usize,
    /// The folder that the app keeps its data in: `.motia`.
    pub data_dir: PathBuf,
    /// What the app's own settings were set to; those that are missing have their defaults.
    pub app: Values,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            concurrency: NonZeroU32::new(16).expect("16 is not 0"),
            process_concurrency: NonZeroUsize::new(1024).expect("1024 is not 0"),
            window: 4096,
            handler_timeout: Duration::from_secs(30),
            drain: Duration::from_secs(30),
            cancel_grace: Duration::from_secs(5),
            history_age: Duration::from_secs(7 * 24 * 60 * 60),
            history_count: 100_000,
            runs: RunSettings::default(),
            export: None,
            audit: AuditSettings::default(),
            stream_buffer: 256,
            stream_items: 10_000,
            stream_subscriptions: 100,
            stream_history: 4096,
            stream_history_bytes: 16 << 20,
            limits: Limits::default(),
            max_series: 1000,
            data_dir: ".motia".into(),
            app: Values::default(),
        }
    }
}
