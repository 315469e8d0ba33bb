//! Whether what waits in the data folder fits this program, asked before it takes it up.

use motia_core::{clock::Clock as _, registry::Registry};
use motia_runtime::{
    clock::SystemClock,
    fit::{self, Misfit, Orphan, Report},
    log::printable,
};
use serde_json::json;

use crate::{
    Failure,
    output::{Output, print},
    settings::{Settings, StoreKind},
    store,
};

pub(super) fn check(
    registry: &Registry,
    settings: &Settings,
    output: Output,
) -> Result<(), Failure> {
    if settings.store == StoreKind::Memory || !store::exists(settings) {
        print("nothing is kept, so nothing waits");
        return Ok(());
    }
    let report = read(registry, settings)?;
    if output.is_json() {
        output.document(&json!(report));
    } else {
        print(&told(&report));
    }
    if report.misfits.is_empty() {
        return Ok(());
    }
    Err(Failure::unready("events wait that this program cannot read").after_its_answer())
}

fn read(registry: &Registry, settings: &Settings) -> Result<Report, Failure> {
    let unready = |error: &dyn std::fmt::Display| Failure::unready(error.to_string());
    let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let tokio = tokio.map_err(|error| unready(&error))?;
    tokio.block_on(async {
        let store = store::open(settings).map_err(|error| unready(&error))?;
        let report = fit::check(registry, &*store, SystemClock.now()).await;
        store.close().await.map_err(|error| unready(&error))?;
        report.map_err(|error| unready(&error))
    })
}

fn told(report: &Report) -> String {
    let Report { misfits, orphans, checked } = report;
    let mut lines = vec![format!("{checked} waiting events were read")];
    for Misfit { step, topic, count, error } in misfits {
        let error = printable(error);
        lines.push(format!(
            "{count} on `{topic}` do not fit {step}: {error}\n  they will be held, at no attempt's \
             cost, until a program comes that they fit"
        ));
    }
    for Orphan { step, waiting } in orphans {
        lines.push(format!("{waiting} wait for {step}, which is gone; they are kept"));
    }
    if report.is_clean() {
        lines.push("all of it is for this program".to_owned());
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_told_by_topic_and_count() {
        let misfit = Misfit {
            step: "Charge".into(),
            topic: "order.placed".into(),
            count: 3412,
            error: "missing field `currency`".into(),
        };
        let orphan = Orphan { step: "Pack".into(), waiting: 7 };
        let told = told(&Report { misfits: vec![misfit], orphans: vec![orphan], checked: 5000 });

        let lines: Vec<_> = told.lines().collect();
        assert_eq!(lines[0], "5000 waiting events were read");
        assert!(lines[1].starts_with("3412 on `order.placed` do not fit Charge: missing field"));
        assert_eq!(lines[3], "7 wait for Pack, which is gone; they are kept");
    }
}
