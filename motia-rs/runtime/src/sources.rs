//! Finds step files that come to nothing, of which the compiler says little or nothing: those that
//! no `mod` includes, and those whose `step!` was forgotten.

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
        for (file, held) in step_files(&root) {
            let finding = match held {
                Held::Config => unregistered(&file, &root),
                Held::Step if !included.contains(&file) => no_mod(&file, &root),
                Held::Step => continue,
            };
            findings.insert(file, finding);
        }
    }
    findings.into_values().collect()
}

fn no_mod(file: &Path, root: &Path) -> Finding {
    let module = file.file_stem().unwrap_or_default().to_string_lossy();
    let message = format!("{} has a step that no `mod` includes", shown(file, root));
    Finding::error("M013", message, format!("add `mod {module};` to the module above it"))
}

fn unregistered(file: &Path, root: &Path) -> Finding {
    let message = format!("`{}` has a config but no `step!`", shown(file, root));
    Finding::error("M014", message, "add `step!(CONFIG, handler);` at its end")
}

/// The file as seen from the folder above its root.
fn shown<'f>(file: &'f Path, root: &Path) -> std::path::Display<'f> {
    root.parent().and_then(|above| file.strip_prefix(above).ok()).unwrap_or(file).display()
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
    if place.is_dir() {
        return Some(place);
    }
    // A step in the root module itself. An example or another file that is a crate by itself has
    // neighbours that are none of its modules.
    let root = place.file_name().is_some_and(|name| name == "lib" || name == "main");
    place.parent().filter(|_| root).map(Path::to_owned)
}

/// What a file holds of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Held {
    /// A `step!` or a `stream!`.
    Step,
    /// A config, and nothing that registers it.
    Config,
}

fn step_files(root: &Path) -> Vec<(PathBuf, Held)> {
    let Ok(entries) = fs::read_dir(root) else { return Vec::new() };
    let mut found = Vec::new();
    for entry in entries.flatten() {
        let path = entry.path();
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if path.is_dir() && !hidden && entry.file_name() != "target" {
            found.extend(step_files(&path));
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            let held = fs::read_to_string(&path).ok().and_then(|text| held(&text));
            found.extend(held.map(|held| (path, held)));
        }
    }
    found
}

/// What the lines of a file begin with.
fn held(text: &str) -> Option<Held> {
    let registers = |line: &str| {
        let call = line.strip_prefix("motia::").unwrap_or(line);
        call.starts_with("step!(") || call.starts_with("stream!(")
    };
    let configures = |line: &str| {
        let kind = line.strip_prefix("pub ").unwrap_or(line).strip_prefix("const CONFIG: ");
        let kinds = ["ApiConfig", "EventConfig", "CronConfig", "NoopConfig"];
        kind.is_some_and(|kind| kinds.iter().any(|known| kind.starts_with(known)))
    };
    if text.lines().any(registers) {
        return Some(Held::Step);
    }
    text.lines().any(configures).then_some(Held::Config)
}

#[cfg(test)]
mod tests {
    use motia_core::{config::NoopConfig, registry::Definition};

    use super::*;

    /// A package of these files, of which `registered` is compiled in.
    fn found(files: &[&str], registered: (&'static str, &'static str)) -> Vec<String> {
        let text = "//! A step.\nstep!(CONFIG);\n";
        let files: Vec<_> = files.iter().map(|file| (*file, text)).collect();
        let findings = findings(&files, registered);
        findings.into_iter().map(|finding| finding.message).collect()
    }

    /// A package of these files with their texts, of which `registered` is compiled in.
    fn findings(files: &[(&str, &str)], registered: (&'static str, &'static str)) -> Vec<Finding> {
        let folder = tempfile::tempdir().unwrap();
        for (file, text) in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let package_dir: &'static str =
            Box::leak(folder.path().to_string_lossy().into_owned().into_boxed_str());
        let (file, module) = registered;
        let source = Source { file, line: 2, module, package_dir };
        let step: Definition = NoopConfig::new("Known").bind();
        unincluded(&Registry::of([(step, source)], []))
    }

    #[test]
    fn a_config_without_its_step_is_found_though_its_file_compiles() {
        let config = "const CONFIG: ApiConfig<Order> = ApiConfig::post(\"Place\", \"/orders\");\n";
        let whole = format!("{config}step!(CONFIG, handler);\n");
        let shared = "const LIMIT: u32 = 3;\n// const CONFIG: CronConfig\n";
        let files =
            [("steps/known.rs", &*whole), ("steps/half.rs", config), ("steps/x.rs", shared)];

        let findings = findings(&files, ("steps/known.rs", "steps::known"));

        let told: Vec<_> = findings.iter().map(|it| (it.code, it.message.as_str())).collect();
        assert_eq!(told, [("M014", "`steps/half.rs` has a config but no `step!`")]);
        assert_eq!(findings[0].help, "add `step!(CONFIG, handler);` at its end");
    }

    #[test]
    fn a_step_file_that_no_mod_includes_is_found_in_any_folder_of_the_crate() {
        let files = ["steps/shop/known.rs", "steps/shop/forgotten.rs", "steps/farm/lost.rs"];

        let messages = found(&files, ("steps/shop/known.rs", "steps::shop::known"));

        assert_eq!(
            messages,
            [
                "steps/farm/lost.rs has a step that no `mod` includes",
                "steps/shop/forgotten.rs has a step that no `mod` includes",
            ]
        );
    }

    #[test]
    fn examples_are_crates_by_themselves() {
        let files = ["examples/hello.rs", "examples/other.rs"];
        assert_eq!(found(&files, ("examples/hello.rs", "hello")), Vec::<String>::new());
        assert_eq!(found(&files, ("examples/hello.rs", "hello::inner")), Vec::<String>::new());
    }

    #[test]
    fn a_step_in_the_root_module_stands_for_its_folder() {
        let messages = found(&["src/lib.rs", "src/lost.rs"], ("src/lib.rs", "shop"));
        assert_eq!(messages, ["src/lost.rs has a step that no `mod` includes"]);
    }
}
