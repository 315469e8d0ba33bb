//! The app's own settings: what was given for each, and where. Variables go by their names, lines of
//! `motia.toml` by their names in lower case, in a table of their own: `[app]`.

use std::{borrow::Cow, fmt, path::Path};

use motia_core::{
    redact::in_text,
    registry::{Registry, Source as Place},
    setting::{SettingDef, Values},
};

use super::{Invalid, Source, advice, raw};

/// The table of `motia.toml` that holds them.
pub const TABLE: &str = "app";

/// One of them, with what was given for it.
#[derive(Debug, Clone)]
pub struct Own {
    /// What it is.
    pub setting: SettingDef,
    /// The text; `None` where there is not even a default.
    pub text: Option<String>,
    /// Where it came from.
    pub source: Source,
}

impl fmt::Display for Own {
    /// Where it was given: `SMTP_URL`, `app.smtp_url in motia.toml`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.setting.name;
        match &self.source {
            Source::Env | Source::Flag => f.write_str(name),
            Source::File(path) => {
                write!(f, "`{TABLE}.{}` in {}", self.setting.name_in_file(), path.display())
            }
            Source::Default => write!(f, "the default of `{name}`"),
        }
    }
}

impl Own {
    /// Its text as people may see it: an address may have a password in it.
    #[must_use]
    pub fn shown(&self) -> Option<Cow<'_, str>> {
        match (self.text.as_deref(), self.setting.secret) {
            (Some(text), true) if !text.is_empty() => Some("(set)".into()),
            (text, _) => text.map(in_text),
        }
    }

    fn refused(&self, why: &str) -> Invalid {
        let help = self.setting.help;
        Invalid(match self.setting.secret {
            // The reason may quote the value.
            true => format!("{self}: its value, which is secret, cannot be taken; it says: {help}"),
            false => {
                let (shown, why) = (self.shown().unwrap_or_default(), in_text(why));
                format!("{self}: `{shown}` {why}; it says: {help}")
            }
        })
    }
}

/// The settings that an app declares, each name once: the boot check finds those that differ.
pub fn declared(registry: &Registry) -> impl Iterator<Item = &SettingDef> {
    let same =
        |(one, _): &(SettingDef, Place), (other, _): &(SettingDef, Place)| one.name == other.name;
    registry.settings.chunk_by(same).map(|group| &group[0].0)
}

/// What was given for each.
///
/// # Errors
/// Names in the file that none of them has, and values that are no texts.
pub(super) fn collect(
    registry: &Registry,
    env: &[(String, String)],
    file: Option<(&Path, toml::Value)>,
) -> Result<Vec<Own>, Invalid> {
    let default = |setting: &SettingDef| Own {
        setting: setting.clone(),
        text: setting.default.map(str::to_owned),
        source: Source::Default,
    };
    let mut settings: Vec<Own> = declared(registry).map(default).collect();
    if let Some((path, table)) = file {
        take_file(&mut settings, path, table)?;
    }
    for own in &mut settings {
        let given = env.iter().find(|(name, text)| name == own.setting.name && !text.is_empty());
        if let Some((_, text)) = given {
            (own.text, own.source) = (Some(text.clone()), Source::Env);
        }
    }
    Ok(settings)
}

fn take_file(settings: &mut [Own], path: &Path, table: toml::Value) -> Result<(), Invalid> {
    let toml::Value::Table(table) = table else {
        let line = format!("{}: `{TABLE}` is a table: write `[{TABLE}]`", path.display());
        return Err(Invalid(line));
    };
    for (name, value) in table {
        let Some(at) = settings.iter().position(|own| own.setting.name_in_file() == name) else {
            let known: Vec<_> = settings.iter().map(|own| own.setting.name_in_file()).collect();
            let known = known.iter().map(String::as_str);
            let advice = advice(&name, known, "`settings` lists what can be set");
            let path = path.display();
            return Err(Invalid(format!("{path}: there is no setting `{TABLE}.{name}`; {advice}")));
        };
        let text = match value {
            toml::Value::Float(number) => number.to_string(),
            toml::Value::Boolean(flag) => flag.to_string(),
            other => raw::text(path, &format!("{TABLE}.{name}"), other)?,
        };
        let own = &mut settings[at];
        (own.text, own.source) = (Some(text), Source::File(path.to_owned()));
    }
    Ok(())
}

/// Reads them all.
///
/// # Errors
/// The first that cannot be read. A default is the boot check's to find.
pub(super) fn read(settings: &[Own]) -> Result<Values, Invalid> {
    let mut values = Values::default();
    for own in settings.iter().filter(|own| own.source != Source::Default) {
        let read = values.read(&own.setting, own.text.as_deref());
        read.map_err(|why| own.refused(&why))?;
    }
    values.fill(settings.iter().map(|own| &own.setting));
    Ok(values)
}

#[cfg(test)]
mod tests {
    use motia_core::setting::{Setting, Span};

    use super::*;
    use crate::settings::{Places, Settings};

    const CHAOS: Setting<f64> = Setting::new("MOTIA_CHAOS", "0", "Share of attempts that fail")
        .checked(|share| (0.0..=1.0).contains(share), "a number from 0 to 1");
    const PAUSE: Setting<Span> = Setting::new("TASK_PAUSE", "30s", "Time between two tasks");
    const SMTP: Setting<Option<String>> = Setting::optional("SMTP_URL", "Where mail goes");
    const KEY: Setting<Option<u64>> = Setting::optional("API_KEY", "Who asks").secret();

    fn registry() -> Registry {
        let settings = [CHAOS.describe(), PAUSE.describe(), SMTP.describe(), KEY.describe()];
        let placed = settings.map(|setting| (setting, motia_core::source!()));
        Registry::default().with_settings(placed)
    }

    /// The app's settings with this `motia.toml` and these variables.
    fn load(file: &str, env: &[(&str, &str)]) -> Result<Values, String> {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("motia.toml");
        std::fs::write(&config, file).unwrap();
        let text = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let env = env.iter().map(text).collect();
        let places = Places { config: Some(config), env, ..Places::default() };
        let loaded = Settings::load(&places, &registry()).map(|(settings, _)| settings.app);
        let place = format!("{}/", folder.path().display());
        loaded.map_err(|error| error.to_string().replace(&place, ""))
    }

    #[test]
    fn a_variable_beats_the_file_beats_the_default() {
        let file = "[app]\ntask_pause = \"1s\"\nmotia_chaos = 0.5\nsmtp_url = \"smtp://file\"";
        let env = [("SMTP_URL", "smtp://env"), ("MOTIA_CHAOS", "")];

        let values = load(file, &env).unwrap();

        assert_eq!(values.get(SMTP), Some(Some("smtp://env".to_owned())));
        assert_eq!(values.get(PAUSE).map(Span::get), Some(std::time::Duration::from_secs(1)));
        assert_eq!(values.get(CHAOS), Some(0.5), "an empty variable counts as not set");
        assert_eq!(values.get(KEY), Some(None));
    }

    #[test]
    fn what_cannot_be_is_said_in_one_line_with_its_place_and_what_is_expected() {
        for (file, env, expected) in [
            (
                "",
                ("MOTIA_CHAOS", "7"),
                "MOTIA_CHAOS: `7` is not a number from 0 to 1; it says: Share of attempts that fail",
            ),
            (
                "[app]\ntask_pause = 30",
                ("", ""),
                "`app.task_pause` in motia.toml: `30` cannot be read: it is not a time such as \
                 500ms, 30s, 5m or 1h; it says: Time between two tasks",
            ),
            (
                "[app]\ntask_puase = \"1s\"",
                ("", ""),
                "motia.toml: there is no setting `app.task_puase`; did you mean `task_pause`?",
            ),
            (
                "[app]\nsmtp_url = [1]",
                ("", ""),
                "motia.toml: `app.smtp_url` is of type array; write a text in quotes or a whole number",
            ),
            ("app = 1", ("", ""), "motia.toml: `app` is a table: write `[app]`"),
        ] {
            assert_eq!(load(file, &[env]).unwrap_err(), expected);
        }
    }

    #[test]
    fn a_secret_is_told_neither_when_it_is_refused_nor_when_it_is_shown() {
        let told = load("", &[("API_KEY", "hunter2")]).unwrap_err();
        assert!(told.starts_with("API_KEY: ") && !told.contains("hunter2"), "{told}");
        let told = load("", &[("MOTIA_CHAOS", "http://ana:hunter2@host")]).unwrap_err();
        assert!(told.contains("`http://[redacted]@host`"), "{told}");

        let env = [("API_KEY", "42"), ("SMTP_URL", "smtp://ana:hunt@r2@mail.example:587")];
        let env = env.map(|(name, text)| (name.to_owned(), text.to_owned()));
        let own = collect(&registry(), &env, None).unwrap();
        let shown: Vec<_> = own.iter().map(|own| (own.setting.name, own.shown())).collect();
        let expected = [
            ("API_KEY", Some("(set)".into())),
            ("MOTIA_CHAOS", Some("0".into())),
            ("SMTP_URL", Some("smtp://[redacted]@mail.example:587".into())),
            ("TASK_PAUSE", Some("30s".into())),
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_reason_that_quotes_an_address_does_not_tell_its_password() {
        let registered = [(SMTP.describe(), motia_core::source!())];
        let registry = Registry::default().with_settings(registered);
        let own = collect(&registry, &[], None).unwrap().swap_remove(0);

        let told = own.refused("cannot be read: `smtp://ana:hunter2@host` has no port").to_string();

        assert!(told.contains("`smtp://[redacted]@host` has no port"), "{told}");
    }
}
