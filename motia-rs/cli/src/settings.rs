//! What can be set about an app: by flags, then `MOTIA_*` variables, then `motia.toml`, then defaults.
//!
//! # Layout
//! - [`table`]: the one list of settings, which parsing, help and `settings` go by
//! - [`raw`]: which text was given for each, and where; [`own`]: the same of the app's own settings
//! - [`value`]: how a text is read; [`resolved`]: what the app runs with
//! - `otel`: variables of OpenTelemetry that nothing reads

mod otel;
pub mod own;
pub mod raw;
pub mod resolved;
pub mod table;
pub mod value;

use std::path::PathBuf;

pub(crate) use otel::Unread;
pub use own::Own;
pub use raw::{Given, Raw, Source};
pub use resolved::{Settings, StoreKind};
pub use table::{SETTINGS, Setting};

/// A setting that cannot be; one line that says what it is and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Invalid(pub String);

/// Where settings are looked for.
#[derive(Debug, Default)]
pub struct Places {
    /// Flags of the command line that were given, by name of the setting.
    pub flags: Vec<(&'static str, String)>,
    /// The file that `--config` names; without it `motia.toml`, if it is there.
    pub config: Option<PathBuf>,
    /// The environment.
    pub env: Vec<(String, String)>,
}

impl Places {
    /// The same places with this process's environment.
    #[must_use]
    pub fn with_environment(self) -> Self {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))
        };
        Self { env: std::env::vars_os().filter_map(text).collect(), ..self }
    }
}

/// The name among `known` that `wrong` was probably meant to be: at most a third of it differs. What
/// every variable begins with makes none of them alike.
#[must_use]
pub fn similar<'k>(wrong: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let plain = |name: &str| {
        let name = name.to_lowercase().replace('-', "_");
        name.strip_prefix("motia_").map(str::to_owned).unwrap_or(name)
    };
    let wrong = plain(wrong);
    let near = (wrong.chars().count() / 3).max(1);
    let distance = |name: &'k str| (strsim::damerau_levenshtein(&wrong, &plain(name)), name);
    let closest = known.into_iter().map(distance).min_by_key(|(distance, _)| *distance);
    closest.filter(|(distance, _)| *distance <= near).map(|(_, name)| name)
}

/// ` (did you mean …?)`, or what else helps.
pub(crate) fn advice<'k>(
    wrong: &str,
    known: impl IntoIterator<Item = &'k str>,
    otherwise: &str,
) -> String {
    match similar(wrong, known) {
        Some(name) => format!("did you mean `{name}`?"),
        None => otherwise.to_owned(),
    }
}
