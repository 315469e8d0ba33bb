//! What goes to the log when a step fails.
#![allow(clippy::unwrap_used, reason = "a test says so by failing")]

mod common;

use std::{
    io,
    sync::{Arc, Mutex},
};

use common::app;
use motia_core::{
    config::ApiConfig,
    context::Context,
    error::StepResult,
    http::{ApiRequest, ApiResponse},
};
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'w> MakeWriter<'w> for Lines {
    type Writer = Self;

    fn make_writer(&'w self) -> Self {
        self.clone()
    }
}

#[derive(Debug, thiserror::Error)]
#[error("charging failed")]
struct Charging(#[source] io::Error);

#[tokio::test]
async fn a_failure_is_logged_once_with_its_causes_and_cannot_forge_a_line() {
    async fn handler(_: ApiRequest<()>, _: Context) -> StepResult<ApiResponse<()>> {
        Err(Charging(io::Error::other("no bank\n2026-01-01 ERROR forged \u{1b}[31m")))?
    }
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt().with_writer(lines.clone()).with_ansi(false).finish();
    let _log = tracing::subscriber::set_default(subscriber);
    let app = app([ApiConfig::<()>::get("Charge", "/charge").bind(handler)]).await;

    let answer = app.get("/charge").await;

    answer.problem(500);
    let trace_id = answer.header("x-trace-id").unwrap();
    let logged = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let found: Vec<_> = logged.lines().filter(|line| line.contains(trace_id)).collect();
    assert_eq!(found.len(), 1, "{logged}");
    assert!(found[0].contains("charging failed: no bank"), "{logged}");
    assert!(!logged.lines().any(|line| line.starts_with("2026-01-01 ERROR")), "{logged}");
    assert!(!logged.contains('\u{1b}'), "{logged:?}");
}
