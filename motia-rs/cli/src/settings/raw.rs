//! Which text was given for each setting, and where.

use std::{
    collections::BTreeMap,
    fmt, io,
    path::{Path, PathBuf},
};

use motia_core::registry::Registry;

use super::{
    Invalid, Own, Places, advice, own,
    table::{SETTINGS, Setting, named},
};

/// The file that is read when `--config` names none.
pub const FILE: &str = "motia.toml";

/// The variable that stands for `--config`.
pub const CONFIG_ENV: &str = "MOTIA_CONFIG";

const PREFIX: &str = "MOTIA_";

/// Where the text of a setting came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A flag.
    Flag,
    /// A variable.
    Env,
    /// A file.
    File(PathBuf),
    /// Nowhere: it is the default.
    Default,
}

/// The text of a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// The setting.
    pub setting: &'static str,
    /// The text.
    pub text: String,
    /// Where it came from.
    pub source: Source,
}

impl fmt::Display for Given {
    /// Where it was given, as people would point at it: `--port`, `MOTIA_PORT`, `port in motia.toml`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.setting;
        match &self.source {
            Source::Flag => write!(f, "--{}", name.replace('_', "-")),
            Source::Env => f.write_str(named(name).map_or(name, |setting| setting.env)),
            Source::File(path) => write!(f, "`{name}` in {}", path.display()),
            Source::Default => write!(f, "the default of `{name}`"),
        }
    }
}

/// The text of every setting, and where it came from.
#[derive(Debug, Clone)]
pub struct Raw {
    framework: BTreeMap<&'static str, Given>,
    /// Those of the app.
    pub own: Vec<Own>,
}

impl Raw {
    /// Looks through all places; the first that says something wins.
    ///
    /// # Errors
    /// A file that cannot be read, and names that no setting has.
    pub fn collect(places: &Places, registry: &Registry) -> Result<Self, Invalid> {
        let defaults = SETTINGS.iter().map(|setting| (setting.name, setting.default.to_owned()));
        let mut raw = Self { framework: BTreeMap::new(), own: Vec::new() };
        raw.take(&Source::Default, defaults);
        let file = config_file(places)?;
        let mut of_app = None;
        if let Some((path, text)) = &file {
            let mut table = parse(path, text)?;
            of_app = table.remove(own::TABLE).map(|table| (path.as_path(), table));
            let pairs = table.into_iter().map(|(name, value)| setting_in_file(path, &name, value));
            let pairs: Vec<_> = pairs.collect::<Result<_, _>>()?;
            raw.take(&Source::File(path.clone()), pairs);
        }
        raw.own = own::collect(registry, &places.env, of_app)?;
        raw.take(&Source::Env, variables(&places.env, registry)?);
        raw.take(&Source::Flag, places.flags.iter().cloned());
        Ok(raw)
    }

    fn take(&mut self, source: &Source, pairs: impl IntoIterator<Item = (&'static str, String)>) {
        for (setting, text) in pairs {
            self.framework.insert(setting, Given { setting, text, source: source.clone() });
        }
    }

    /// What was given for a setting of the table.
    ///
    /// # Panics
    /// For a name that does not stand in the table.
    #[must_use]
    pub fn get(&self, setting: &str) -> &Given {
        self.framework.get(setting).expect("every setting stands in the table")
    }
}

/// The file to read and its text; none when nobody named one and there is no `motia.toml`.
fn config_file(places: &Places) -> Result<Option<(PathBuf, String)>, Invalid> {
    let variable = places.env.iter().find(|(name, text)| name == CONFIG_ENV && !text.is_empty());
    let wanted = places.config.clone().or_else(|| variable.map(|(_, path)| path.into()));
    let path = wanted.clone().unwrap_or_else(|| FILE.into());
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some((path, text))),
        Err(error) if error.kind() == io::ErrorKind::NotFound && wanted.is_none() => Ok(None),
        Err(error) => Err(Invalid(format!("{}: {error}", path.display()))),
    }
}

fn parse(path: &Path, text: &str) -> Result<toml::Table, Invalid> {
    text.parse().map_err(|error: toml::de::Error| {
        let line =
            error.span().map_or(0, |span| text[..span.start.min(text.len())].lines().count());
        let line = line.max(1);
        Invalid(format!("{} line {line}: {}", path.display(), error.message()))
    })
}

fn setting_in_file(
    path: &Path,
    name: &str,
    value: toml::Value,
) -> Result<(&'static str, String), Invalid> {
    let Some(setting) = named(name) else {
        let names = SETTINGS.iter().map(|setting| setting.name);
        let advice = advice(name, names, "`settings` lists what can be set");
        return Err(Invalid(format!("{}: there is no setting `{name}`; {advice}", path.display())));
    };
    Ok((setting.name, text(path, name, value)?))
}

/// The text of a value in a file.
pub(super) fn text(path: &Path, name: &str, value: toml::Value) -> Result<String, Invalid> {
    match value {
        toml::Value::String(text) => Ok(text),
        toml::Value::Integer(number) => Ok(number.to_string()),
        toml::Value::Array(items) if items.iter().all(toml::Value::is_str) => {
            Ok(items.iter().filter_map(toml::Value::as_str).collect::<Vec<_>>().join(","))
        }
        other => {
            let (kind, path) = (other.type_str(), path.display());
            Err(Invalid(format!(
                "{path}: `{name}` is of type {kind}; write a text in quotes or a whole number"
            )))
        }
    }
}

/// The settings among the variables. An empty variable counts as not set.
fn variables(
    env: &[(String, String)],
    registry: &Registry,
) -> Result<Vec<(&'static str, String)>, Invalid> {
    let mut found = Vec::new();
    for (name, text) in env.iter().filter(|(name, _)| name.starts_with(PREFIX)) {
        if name == CONFIG_ENV || own::declared(registry).any(|own| own.name == name) {
            continue;
        }
        match SETTINGS.iter().find(|setting| setting.env == name) {
            Some(setting) if !text.is_empty() => found.push((setting.name, text.clone())),
            Some(_) => {}
            None => return Err(unknown_variable(name, registry)),
        }
    }
    Ok(found)
}

fn unknown_variable(name: &str, registry: &Registry) -> Invalid {
    let known = SETTINGS.iter().map(|setting: &Setting| setting.env);
    let known = known.chain(own::declared(registry).map(|own| own.name));
    let advice = advice(name, known, "`settings` lists what can be set; unset it");
    Invalid(format!("there is no setting `{name}`; {advice}"))
}
