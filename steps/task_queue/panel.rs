//! The dashboard of the task queue, as a panel of the Workbench.

use motia::prelude::*;

/// States, queues, workers, tasks and what can be done with them: plain files, which ask the same routes as
/// any client, and the admin API when to ask again.
pub(crate) const PANEL: Panel = Panel::new("task-queue", "Task queue").files(&[
    PanelFile::new("index.html", include_bytes!("panel/index.html")),
    PanelFile::new("panel.css", include_bytes!("panel/panel.css")),
    PanelFile::new("main.js", include_bytes!("panel/main.js")),
    PanelFile::new("api.js", include_bytes!("panel/api.js")),
    PanelFile::new("dom.js", include_bytes!("panel/dom.js")),
    PanelFile::new("graph.js", include_bytes!("panel/graph.js")),
    PanelFile::new("standing.js", include_bytes!("panel/standing.js")),
    PanelFile::new("history.js", include_bytes!("panel/history.js")),
    PanelFile::new("detail.js", include_bytes!("panel/detail.js")),
]);

#[cfg(test)]
mod tests {
    use motia::panel;

    use super::*;

    fn text(file: &str) -> &'static str {
        let file = PANEL.file(file).unwrap_or_else(|| panic!("there is no {file}"));
        std::str::from_utf8(file.bytes).unwrap()
    }

    #[test]
    fn the_dashboard_can_be_shown_and_has_all_that_it_loads() {
        assert_eq!(PANEL.fault(), None);
        let panel::Content::Files(files) = PANEL.content else { panic!("it is files") };
        for file in files.iter().filter(|file| file.path.ends_with(".js")) {
            let imports = text(file.path).lines().filter(|line| line.starts_with("import "));
            for import in imports {
                let named = import.split('"').nth(1).and_then(|name| name.strip_prefix("./"));
                text(named.unwrap_or_else(|| panic!("{import}: from elsewhere")));
            }
        }
    }

    #[test]
    fn nothing_in_the_page_is_kept_from_running_by_its_policy() {
        let index = text("index.html");
        for inline in ["<style", "style=", "onclick=", "javascript:", "http:", "https:"] {
            assert!(!index.contains(inline), "{inline}");
        }
        assert_eq!(
            index.matches("<script").count(),
            index.matches("<script type=\"module\" src=").count()
        );
    }
}
