//! Pages that an app adds to the Workbench.

/// A page that an app adds to the Workbench: files of its own, or a page that the app serves anyway.
///
/// Its files are served under `/__motia/panels/{name}/`, to whoever may use the Workbench and to nobody else,
/// and may load scripts, styles and data from the app and from nowhere else.
///
/// ```
/// use motia_core::panel::{File, Panel};
///
/// const TASKS: Panel = Panel::new("tasks", "Task queue").files(&[
///     File::new("index.html", b"<!doctype html><title>Tasks</title><script src=\"panel.js\"></script>"),
///     File::new("panel.js", b"document.body.textContent = 'two wait';"),
/// ]);
///
/// const SHOP: Panel = Panel::new("shop", "The shop").at("/shop/today");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "it is shown once it is given to `App::panel`"]
pub struct Panel {
    /// What it is called in addresses.
    pub name: &'static str,
    /// What people read.
    pub title: &'static str,
    /// What is shown.
    pub content: Content,
}

/// What a panel shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Content {
    /// These files, `index.html` first.
    Files(&'static [File]),
    /// What the app answers at this path.
    At(&'static str),
}

/// A file of a panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct File {
    /// Its path within the panel, without a `/` before it.
    pub path: &'static str,
    /// What is in it.
    pub bytes: &'static [u8],
}

impl File {
    /// A file: `File::new("index.html", include_bytes!("panel/index.html"))`.
    #[must_use]
    pub const fn new(path: &'static str, bytes: &'static [u8]) -> Self {
        Self { path, bytes }
    }
}

impl Panel {
    /// A panel of this name and title, which shows nothing yet.
    pub const fn new(name: &'static str, title: &'static str) -> Self {
        Self { name, title, content: Content::Files(&[]) }
    }

    /// Shows these files, of which one is called `index.html`.
    pub const fn files(self, files: &'static [File]) -> Self {
        Self { content: Content::Files(files), ..self }
    }

    /// Shows what the app answers at this path.
    pub const fn at(self, path: &'static str) -> Self {
        Self { content: Content::At(path), ..self }
    }

    /// Where it lies.
    #[must_use]
    pub fn href(&self) -> String {
        match self.content {
            Content::Files(_) => format!("/__motia/panels/{}/", self.name),
            Content::At(path) => path.to_owned(),
        }
    }

    /// The file at a path within the panel.
    #[must_use]
    pub fn file(&self, path: &str) -> Option<&'static File> {
        let Content::Files(files) = self.content else { return None };
        files.iter().find(|file| file.path == path)
    }

    /// What keeps it from being shown, if anything does.
    #[must_use]
    pub fn fault(&self) -> Option<String> {
        let (name, plain) = (self.name, |letter: char| letter.is_ascii_alphanumeric());
        let fits = |letter: char| plain(letter) || letter == '-' || letter == '_';
        if name.is_empty() || !name.chars().all(fits) {
            return Some(
                "its name is no segment of a path: letters, digits, `-` and `_`".to_owned(),
            );
        }
        match self.content {
            Content::At(path) if !path.starts_with('/') || path.starts_with("//") => {
                Some(format!("`{path}` is no path of the app: it begins with one `/`"))
            }
            Content::At(_) => None,
            Content::Files(_) if self.file("index.html").is_none() => {
                Some("it has no `index.html`".to_owned())
            }
            Content::Files(files) => {
                let twice =
                    |file: &File| files.iter().filter(|it| it.path == file.path).count() > 1;
                let twice = files.iter().find(|file| twice(file))?;
                Some(format!("two of its files are called `{}`", twice.path))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INDEX: File = File::new("index.html", b"");

    #[test]
    fn what_can_be_shown_has_no_fault() {
        assert_eq!(Panel::new("tasks", "Tasks").files(&[INDEX]).fault(), None);
        assert_eq!(Panel::new("shop", "Shop").at("/shop/today").fault(), None);
    }

    #[test]
    fn what_keeps_a_panel_from_being_shown_is_said() {
        for (panel, told) in [
            (Panel::new("", "No name").files(&[INDEX]), "segment"),
            (Panel::new("a/b", "Two").files(&[INDEX]), "segment"),
            (Panel::new("..", "Above").files(&[INDEX]), "segment"),
            (Panel::new("empty", "Empty"), "index.html"),
            (Panel::new("twice", "Twice").files(&[INDEX, INDEX]), "two of its files"),
            (Panel::new("far", "Elsewhere").at("https://example.com"), "no path"),
            (Panel::new("far", "Elsewhere").at("//example.com"), "no path"),
        ] {
            let fault = panel.fault().unwrap();
            assert!(fault.contains(told), "{}: {fault}", panel.title);
        }
    }
}
