//! The source of a step, where the app runs beside its sources: its own file, and no other.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use axum::{
    Json,
    extract::{Path as Asked, State, rejection::PathRejection},
};
use motia_core::registry::Source;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    Desk, Refusal,
    operations::{Routes, does},
};

/// What is longer is not shown: 512 KiB.
const LONGEST: u64 = 512 * 1024;

/// The source of a step.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SourceInfo {
    /// The file, relative to the workspace.
    pub file: &'static str,
    /// The line of its `step!`.
    pub line: u32,
    /// The whole file, where it can be read.
    pub text: Option<String>,
    /// Why it cannot.
    pub why: Option<String>,
}

pub(crate) fn routes() -> Routes {
    Routes::default().get(
        "/api/steps/{step}/source",
        show,
        does("Shows the source of a step, where the app runs beside its sources")
            .answers::<SourceInfo>(),
    )
}

async fn show(
    State(desk): State<Arc<Desk>>,
    step: Result<Asked<String>, PathRejection>,
) -> Result<Json<SourceInfo>, Refusal> {
    let Asked(step) = step?;
    let known = desk.registry().step(&step);
    let source = known.ok_or_else(|| Refusal::missing(format!("no step `{step}`")))?.source;
    let (text, why) = match read(&source) {
        Ok(text) => (Some(text), None),
        Err(why) => (None, Some(why)),
    };
    Ok(Json(SourceInfo { file: source.file, line: source.line, text, why }))
}

/// The text of a file of Rust that lies within the workspace that the step was compiled in.
fn read(source: &Source) -> Result<String, String> {
    let absent = || "the app does not run beside its sources".to_owned();
    let (root, file) = place(source).ok_or_else(absent)?;
    // Neither `..` nor a link leads out.
    let (root, file) = (root.canonicalize(), file.canonicalize());
    let (root, file) = (root.map_err(|_| absent())?, file.map_err(|_| absent())?);
    if !file.starts_with(&root) || file.extension().is_none_or(|kind| kind != "rs") {
        return Err("its file lies outside of the app's sources".to_owned());
    }
    let told = |error: io::Error| format!("{} cannot be read: {error}", source.file);
    let size = fs::metadata(&file).map_err(told)?.len();
    if size > LONGEST {
        return Err(format!("{} has {size} bytes, more than the {LONGEST} shown", source.file));
    }
    fs::read_to_string(&file).map_err(told)
}

/// The folder of the workspace, and the file in it, as far as they are on this machine.
fn place(source: &Source) -> Option<(PathBuf, PathBuf)> {
    let package = Path::new(source.package_dir);
    if source.package_dir.is_empty() || Path::new(source.file).is_absolute() {
        return None;
    }
    let roots = package.ancestors().filter(|root| root.join("Cargo.toml").is_file());
    roots.map(|root| (root.to_owned(), root.join(source.file))).find(|(_, file)| file.is_file())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::{at_rest, get};

    fn source(package_dir: &'static str, file: &'static str) -> Source {
        Source { file, line: 1, module: "", package_dir }
    }

    #[tokio::test]
    async fn a_step_shows_the_file_that_it_stands_in() {
        let (status, shown) = get(&at_rest().await, "/api/steps/Charge/source").await;

        assert_eq!((status.as_u16(), &shown["why"]), (200, &json!(null)));
        assert!(shown["text"].as_str().unwrap().contains("fn charge()"), "{shown}");
        assert!(shown["file"].as_str().unwrap().ends_with("testing.rs"), "{shown}");
        let (status, _) = get(&at_rest().await, "/api/steps/..%2F..%2Fetc%2Fpasswd/source").await;
        assert_eq!(status, 404);
    }

    #[test]
    fn nothing_outside_of_the_workspace_and_nothing_but_rust_is_read() {
        let here = env!("CARGO_MANIFEST_DIR");
        for file in ["Cargo.toml", "/etc/hostname", "../../../../../../etc/hostname"] {
            assert!(read(&source(here, file)).is_err(), "{file}");
        }
        let gone = read(&source("/nowhere/at/all", "src/lib.rs")).unwrap_err();
        assert_eq!(gone, "the app does not run beside its sources");
    }
}
