//! What an operator can set.

use std::path::PathBuf;

use motia::prelude::*;

/// The folder that data jobs read from and write to, and never leave; see [`folder`].
pub const FILES: Setting<PathBuf> = Setting::new(
    "JOBS_FILES",
    "files",
    "The folder that data jobs read from and write to; within the data folder, unless it begins at the root",
);
setting!(FILES);

/// Where letters are put while there is no mail server; see [`folder`].
pub const OUTBOX: Setting<PathBuf> = Setting::new(
    "JOBS_OUTBOX",
    "outbox",
    "Where letters are put while there is no SMTP_URL; within the data folder, unless it begins at the root",
);
setting!(OUTBOX);

/// The folder that a setting names: within the app's data folder, unless it begins at the root.
#[must_use]
pub fn folder<E>(ctx: &Context<E>, setting: Setting<PathBuf>) -> PathBuf {
    ctx.data_dir().join(ctx.setting(setting))
}

/// The mail server, such as `smtps://user:password@mail.example.com`.
pub const SMTP_URL: Setting<Option<String>> =
    Setting::optional("SMTP_URL", "The mail server: smtps://user:password@mail.example.com")
        .secret();
setting!(SMTP_URL);

/// Whom letters come from.
pub const SENDER: Setting<String> =
    Setting::new("JOBS_SENDER", "jobs@localhost", "Whom letters come from");
setting!(SENDER);

/// How long a job may run.
pub const TIMEOUT: Setting<Span> =
    Setting::new("JOBS_TIMEOUT", "30m", "How long a background job may run");
setting!(TIMEOUT);

/// How long a completed job is kept.
pub const RETENTION: Setting<Span> =
    Setting::new("JOBS_RETENTION", "7d", "How long a completed background job is kept");
setting!(RETENTION);

/// How long a job is kept that was given up or ran for too long.
pub const FAILED_RETENTION: Setting<Span> = Setting::new(
    "JOBS_FAILED_RETENTION",
    "30d",
    "How long a background job is kept that was given up or ran for too long",
);
setting!(FAILED_RETENTION);
