//! The command line of a real app, as a person and a script meet it: processes, files, signals.
#![expect(clippy::unwrap_used, reason = "a test may stop where it cannot go on")]

#[cfg(unix)]
mod commands {
    mod folder;
    #[cfg(feature = "otel")]
    mod otel;
    mod refusals;
    mod server;
    mod shop;
    mod work;
    mod work_at_rest;
}
