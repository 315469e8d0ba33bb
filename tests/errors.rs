//! Every code that the boot check can print has a page under `docs/errors/`, and no page is left over.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::{collections::BTreeSet, fs, path::Path};

const PARTS: [&str; 3] = ["## An example", "## The cure", "## Why it matters"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

fn pages() -> BTreeSet<String> {
    let files = fs::read_dir(root().join("docs/errors")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    names
        .filter_map(|name| Some(name.strip_suffix(".md")?.to_owned()))
        .filter(|c| c != "README")
        .collect()
}

/// The codes that stand in the framework's sources as string literals.
fn codes(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() && entry.file_name() != "target" && entry.file_name() != "node_modules" {
            codes(&path, found);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            let text = fs::read_to_string(path).unwrap();
            let literals = text.split('"').filter(|literal| is_code(literal));
            found.extend(literals.map(str::to_owned));
        }
    }
}

fn is_code(literal: &str) -> bool {
    literal.len() == 4
        && literal
            .strip_prefix('M')
            .is_some_and(|number| number.bytes().all(|b| b.is_ascii_digit()))
}

/// What the page says of itself: `error` or `warning`, and its title.
fn heading(code: &str) -> (&'static str, String) {
    let page = read(&format!("docs/errors/{code}.md"));
    let title = page.strip_prefix(&format!("# {code}: ")).and_then(|rest| rest.lines().next());
    let severity = match page.lines().nth(2) {
        Some(line) if line.starts_with("*Error: the app does not start.* ") => "error",
        Some(line) if line.starts_with("*Warning: the app starts.* ") => "warning",
        line => panic!("{code}.md opens with {line:?}"),
    };
    (severity, title.unwrap_or_else(|| panic!("{code}.md has no title")).to_owned())
}

#[test]
fn every_code_has_a_page_and_every_page_a_code() {
    let mut codes_in_sources = BTreeSet::new();
    codes(&root().join("motia-rs"), &mut codes_in_sources);

    assert!(codes_in_sources.len() >= 13, "{codes_in_sources:?}");
    assert_eq!(pages(), codes_in_sources);
}

#[test]
fn every_page_says_what_it_is_shows_it_cures_it_and_gives_the_reason() {
    for code in pages() {
        let page = read(&format!("docs/errors/{code}.md"));
        let parts: Vec<_> = page.lines().filter(|line| line.starts_with("## ")).collect();

        assert_eq!(parts, PARTS, "{code}.md");
    }
}

#[test]
fn the_table_lists_every_page_with_its_title_and_severity() {
    let rows = pages().into_iter().map(|code| {
        let (severity, title) = heading(&code);
        format!("| [{code}]({code}.md) | {severity} | {title} |")
    });

    let readme = read("docs/errors/README.md");
    let table = readme.lines().filter(|line| line.starts_with("| ["));

    assert_eq!(table.collect::<Vec<_>>(), rows.collect::<Vec<_>>());
}

#[test]
fn the_examples_of_every_page_are_compiled() {
    let doctests = read("motia-rs/src/error_pages.rs");
    let (_, listed) = doctests.split_once("\npages!(").unwrap();
    let (listed, _) = listed.split_once(");").unwrap();
    let listed = listed.split_whitespace();

    assert_eq!(listed.map(str::to_owned).collect::<BTreeSet<_>>(), pages());
}
