//! The check before the port opens: everything that is wrong, at once.

use motia_core::{
    check::{self, Finding, Severity},
    registry::Registry,
};
use motia_runtime::{log::printable, sources};

use crate::{Failure, settings::Settings, store};

/// What is wrong with the app: errors first, then by code.
#[must_use]
pub fn findings(registry: &Registry, settings: &Settings) -> Vec<Finding> {
    let mut findings = check::run(registry, &store::capabilities(settings.store));
    findings.extend(sources::unincluded(registry));
    findings.sort_by_key(|finding| (finding.severity, finding.code));
    findings
}

/// How many findings are errors, and how many warnings.
#[must_use]
pub fn count(findings: &[Finding]) -> (usize, usize) {
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    (errors, findings.len() - errors)
}

/// All findings as text, with an empty line between them.
#[must_use]
pub fn text(findings: &[Finding]) -> String {
    let lines = |finding: &Finding| {
        finding.to_string().lines().map(printable).collect::<Vec<_>>().join("\n")
    };
    findings.iter().map(lines).collect::<Vec<_>>().join("\n\n")
}

/// `2 errors and 1 warning`.
#[must_use]
pub fn summary(findings: &[Finding]) -> String {
    let counted = |count: usize, what: &str| {
        let ending = if count == 1 { "" } else { "s" };
        format!("{count} {what}{ending}")
    };
    let (errors, warnings) = count(findings);
    format!("{} and {}", counted(errors, "error"), counted(warnings, "warning"))
}

/// Shows what is wrong, and refuses an app with errors.
pub(super) fn check_or_refuse(registry: &Registry, settings: &Settings) -> Result<(), Failure> {
    let findings = findings(registry, settings);
    if !findings.is_empty() {
        eprintln!("{}\n", text(&findings));
    }
    match count(&findings) {
        (0, _) => Ok(()),
        _ => Err(Failure::unready(format!("{}: the app does not start", summary(&findings)))),
    }
}
