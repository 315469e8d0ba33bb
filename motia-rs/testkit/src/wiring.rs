//! The boot check as a test: that every step file is compiled in, and that the graph hangs together.

use motia_core::{
    check,
    registry::Registry,
    store::{Capabilities, Durability},
};

/// Asserts that the boot check of all steps that are linked into the test finds nothing, not even
/// something to be warned of. Name the steps' crate: `use steps as _;`.
///
/// # Panics
/// With all findings.
pub fn assert_wired() {
    let registry = Registry::collect();
    let mut findings = check::run(&registry, &Capabilities::embedded(Durability::Durable));
    findings.extend(motia_runtime::sources::unincluded(&registry));
    let report: Vec<_> = findings.iter().map(ToString::to_string).collect();
    assert!(report.is_empty(), "the boot check found:\n\n{}\n", report.join("\n\n"));
}
