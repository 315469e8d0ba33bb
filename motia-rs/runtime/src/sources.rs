//! Finds step files that no `mod` includes: they compile to nothing, and nobody says so.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use motia_core::{
    check::Finding,
    registry::{Registry, Source},
};

/// Looks through the folders that the registered steps come from, where they are at hand: on the
/// machine that compiled them. Elsewhere nothing is found.
#[must_use]
pub fn unincluded(registry: &Registry) -> Vec<Finding> {
    let steps = registry.steps.iter().map(|step| step.source);
    let sources: Vec<Source> = steps.chain(registry.streams.iter().map(|(_, at)| *at)).collect();
    let included: BTreeSet<PathBuf> = sources.iter().filter_map(absolute).collect();
    let mut findings = BTreeMap::new();
    for root in sources.iter().filter_map(source_root).collect::<BTreeSet<_>>() {
        for file in files_with_steps(&root) {
            if !included.contains(&file) {
                findings.insert(file.clone(), finding(&file, &root));
            }
        }
    }
    findings.into_values().collect()
}

fn finding(file: &Path, root: &Path) -> Finding {
    let shown = root.parent().and_then(|above| file.strip_prefix(above).ok()).unwrap_or(file);
    let module = file.file_stem().unwrap_or_default().to_string_lossy();
    let message = format!("{} has a step that no `mod` includes", shown.display());
    Finding::error("M013", message, format!("add `mod {module};` to the module above it"))
}

/// The file on this machine, if it is there.
fn absolute(source: &Source) -> Option<PathBuf> {
    let package = Path::new(source.package_dir);
    package.ancestors().map(|above| above.join(source.file)).find(|file| file.is_file())
}

/// The folder of the crate's root module: the file's path less what its module path says.
fn source_root(source: &Source) -> Option<PathBuf> {
    let mut place = absolute(source)?.with_extension("");
    if place.file_name().is_some_and(|name| name == "mod") {
        place.pop();
    }
    let modules: Vec<_> = source.module.split("::").skip(1).collect();
    for module in modules.iter().rev() {
        if place.file_name().is_some_and(|name| name == *module) {
            place.pop();
        }
    }
    // A step in `lib.rs` or `main.rs` itself has no module to take away.
    if place.is_dir() { Some(place) } else { place.parent().map(Path::to_owned) }
}

fn files_with_steps(root: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(root) else { return Vec::new() };
    let mut found = Vec::new();
    for entry in entries.flatten() {
        let path = entry.path();
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if path.is_dir() && !hidden && entry.file_name() != "target" {
            found.extend(files_with_steps(&path));
        } else if path.extension().is_some_and(|kind| kind == "rs") && registers(&path) {
            found.push(path);
        }
    }
    found
}

/// Whether a line of the file begins with `step!` or `stream!`.
fn registers(file: &Path) -> bool {
    let begins = |line: &str| {
        let call = line.strip_prefix("motia::").unwrap_or(line);
        call.starts_with("step!(") || call.starts_with("stream!(")
    };
    fs::read_to_string(file).is_ok_and(|text| text.lines().any(begins))
}
