//! The boot check: what is wrong with an app before its port opens, all of it at once.
//!
//! # Layout
//! - [`Finding`]: one thing that is wrong, with its place and its cure
//! - [`rules`]: one function a rule; each finding's code has a page under `docs/errors/`

mod rules;

use std::fmt;

use serde::Serialize;

use crate::{
    registry::{Registry, Source},
    store::Capabilities,
};

/// Whether an app with this finding may start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It may not.
    Error,
    /// It may.
    Warning,
}

/// One thing that is wrong with an app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Whether the app may start.
    pub severity: Severity,
    /// Its number, such as `M001`; `docs/errors/M001.md` is its page.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
    /// Where.
    pub at: Vec<Source>,
}

impl Finding {
    /// A finding with which an app may not start.
    pub fn error(code: &'static str, message: impl Into<String>, help: impl Into<String>) -> Self {
        let (message, help) = (message.into(), help.into());
        Self { severity: Severity::Error, code, message, help, at: Vec::new() }
    }

    /// A finding with which an app may start.
    pub fn warning(
        code: &'static str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, message, help) }
    }

    /// The same finding at these places.
    #[must_use]
    pub fn at(self, places: impl IntoIterator<Item = Source>) -> Self {
        Self { at: places.into_iter().collect(), ..self }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        writeln!(f, "{severity}[{}]: {}", self.code, self.message)?;
        for place in &self.at {
            writeln!(f, "  --> {place}")?;
        }
        writeln!(f, "  help: {}", self.help)?;
        write!(f, "  more: docs/errors/{}.md", self.code)
    }
}

/// Checks an app that is to run over a store of these capabilities: errors first, then by code.
#[must_use]
pub fn run(registry: &Registry, capabilities: &Capabilities) -> Vec<Finding> {
    let mut findings = rules::all(registry, capabilities);
    findings.sort_by(|one, other| {
        (one.severity, one.code, &one.message).cmp(&(other.severity, other.code, &other.message))
    });
    findings
}
