//! The check before the port opens: everything that is wrong, at once.

use motia_core::{
    check::{self, Finding, Severity},
    registry::Registry,
};
use motia_runtime::{log::printable, sources};

use crate::{
    Failure,
    settings::{Settings, raw::CONFIG_ENV, table::SETTINGS},
    store,
};

/// What is wrong with the app: errors first, then by code.
#[must_use]
pub fn findings(registry: &Registry, settings: &Settings) -> Vec<Finding> {
    let mut findings = check::run(registry, &store::capabilities(settings.store));
    findings.extend(sources::unincluded(registry));
    findings.extend(taken_names(registry));
    findings.sort_by_key(|finding| (finding.severity, finding.code));
    findings
}

/// Settings of the app that are called as one of the framework's.
fn taken_names(registry: &Registry) -> impl Iterator<Item = Finding> {
    let taken = |name: &str| name == CONFIG_ENV || SETTINGS.iter().any(|ours| ours.env == name);
    let ours = registry.settings.iter().filter(move |(setting, _)| taken(setting.name));
    ours.map(|(setting, place)| {
        let message = format!("the setting `{}` is one of the framework's", setting.name);
        Finding::error("M015", message, "give yours a name of its own").at([*place])
    })
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

#[cfg(test)]
mod tests {
    use motia_core::{
        config::{EventConfig, NoopConfig},
        context::Context,
        error::StepResult,
        registry::{Definition, Source},
        setting::Setting,
    };
    use serde::{Deserialize, Serialize};

    use super::*;
    use crate::settings::Places;

    #[derive(Serialize, Deserialize, schemars::JsonSchema)]
    struct Placed {}
    motia_core::topic!(Placed = "order.placed");

    fn pack() -> Definition {
        async fn handler(_: Placed, _: Context) -> StepResult {
            Ok(())
        }
        EventConfig::<Placed>::new("Pack").bind(handler)
    }

    const fn at(line: u32) -> Source {
        Source { file: "steps/shop.rs", line, module: "steps::shop", package_dir: "/nowhere" }
    }

    #[test]
    fn a_setting_of_the_app_may_not_be_called_as_one_of_the_frameworks() {
        let port = Setting::<u16>::new("MOTIA_PORT", "1", "A port").describe();
        let config = Setting::<String>::new("MOTIA_CONFIG", "", "A file").describe();
        let fine = Setting::<u16>::new("PORT", "1", "A port").describe();
        let settings = [(port, at(1)), (config, at(2)), (fine, at(3))];
        let registry = Registry::default().with_settings(settings);

        let found: Vec<_> = taken_names(&registry).map(|finding| finding.at).collect();

        assert_eq!(found, [[at(2)], [at(1)]]);
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once_with_its_place_and_its_page() {
        let customer = || NoopConfig::new("Customer").emits(&["order.placed", "order.paid"]).bind();
        let steps = [(pack(), at(3)), (pack(), at(9)), (customer(), at(20))];
        let registry = Registry::of(steps, []);
        let (settings, _) = Settings::load(&Places::default(), &registry).unwrap();

        let found = findings(&registry, &settings);
        let told = text(&found);

        let first: Vec<_> = told.lines().take(5).collect();
        let expected = [
            "error[M002]: 2 steps are called `Pack`",
            "  --> steps/shop.rs:3",
            "  --> steps/shop.rs:9",
            "  help: give each its own name: queues and locks go by it",
            "  more: docs/errors/M002.md",
        ];
        assert_eq!(first, expected);
        assert!(told.contains("warning["), "{told}");
        let refused = check_or_refuse(&registry, &settings).unwrap_err();
        assert_eq!(refused.code, 2);
        assert!(refused.message.ends_with(": the app does not start"), "{refused}");
    }
}
