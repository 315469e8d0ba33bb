//! What can be set about an app: typed constants, declared once and read before it starts.
//!
//! # Layout
//! - [`Setting`]: the handle that handlers read by; [`setting!`](crate::setting!) registers it
//! - [`units`]: lengths of time and numbers of bytes, as people write them
//! - [`values`]: what every setting was set to

pub mod units;
pub mod values;

use std::{
    any::{Any, TypeId, type_name},
    fmt::{self, Display},
    str::FromStr,
    sync::Arc,
};

pub use units::{Size, Span};
pub use values::Values;

/// A value of a setting, whatever its type.
pub type Value = Arc<dyn Any + Send + Sync>;

/// A typed handle on a setting; a constant next to the nouns it belongs to, registered by
/// [`setting!`](crate::setting!) and read by
/// [`ctx.setting`](crate::context::Context::setting).
///
/// Its text comes from the environment variable of its name, else from the table `[app]` of
/// `motia.toml` under its name in lower case, else it is the default. It is read once, before the app
/// starts; a text that cannot be read refuses to start.
///
/// # Example: a number, a time, a secret
/// ```
/// # use motia_core as motia;
/// # use motia_core::context::Context;
/// use motia_core::setting::{Setting, Span};
///
/// pub const CHAOS: Setting<f64> = Setting::new("CHAOS", "0", "Share of attempts that fail on purpose")
///     .checked(|share| (0.0..=1.0).contains(share), "a number from 0 to 1");
/// motia::setting!(CHAOS);
///
/// pub const PATIENCE: Setting<Span> = Setting::new("EXECUTOR_TIMEOUT", "30s", "How long a task may take");
/// motia::setting!(PATIENCE);
///
/// pub const API_KEY: Setting<Option<String>> =
///     Setting::optional("OPENROUTER_API_KEY", "Who asks the language model").secret();
/// motia::setting!(API_KEY);
///
/// # fn handler(ctx: Context) {
/// let fails = ctx.setting(CHAOS) > 0.5;
/// let patience = ctx.setting(PATIENCE).get(); // a `Duration`
/// let key = ctx.setting(API_KEY); // `None` where nobody set it
/// # }
/// ```
///
/// # Example: a name that is no variable's
/// ```compile_fail
/// # use motia_core::setting::Setting;
/// const CHAOS: Setting<f64> = Setting::new("chaos", "0", "Share of attempts that fail on purpose");
/// ```
pub struct Setting<T> {
    name: &'static str,
    default: Option<&'static str>,
    help: &'static str,
    secret: bool,
    read: fn(Option<&str>) -> Result<T, String>,
    check: Option<Rule<T>>,
}

/// Whether a value can be, and what it has to be.
type Rule<T> = (fn(&T) -> bool, &'static str);

impl<T> Setting<T> {
    /// The setting of this name, of the default that this text stands for. `help` says what it does, in
    /// a sentence.
    ///
    /// # Panics
    /// At compile time, when the name is not one of a variable: capitals, digits and `_`.
    #[must_use]
    pub const fn new(name: &'static str, default: &'static str, help: &'static str) -> Self
    where
        T: FromStr<Err: Display>,
    {
        assert_name(name);
        let read = required::<T>;
        Self { name, default: Some(default), help, secret: false, read, check: None }
    }

    /// Never shows the value: not in lists, not in errors, not in logs.
    #[must_use]
    pub const fn secret(self) -> Self {
        Self { secret: true, ..self }
    }

    /// Refuses values that `holds` does not hold for; `expected` says what is expected instead, as in
    /// `a number from 0 to 1`.
    #[must_use]
    pub const fn checked(self, holds: fn(&T) -> bool, expected: &'static str) -> Self {
        Self { check: Some((holds, expected)), ..self }
    }

    /// What it is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// Reads a text; `None` and an empty one stand for the default.
    ///
    /// # Errors
    /// What is wrong with the text, to be written behind it: `is not a number from 0 to 1`.
    pub fn read(self, text: Option<&str>) -> Result<T, String> {
        let text = text.filter(|text| !text.is_empty()).or(self.default);
        let value = (self.read)(text);
        let Some((holds, expected)) = self.check else {
            return value.map_err(|why| format!("cannot be read: {why}"));
        };
        value.ok().filter(holds).ok_or_else(|| format!("is not {expected}"))
    }

    /// Makes the setting's definition; [`setting!`](crate::setting!) calls it.
    #[must_use]
    pub fn describe(self) -> SettingDef
    where
        T: Send + Sync + 'static,
    {
        let read = move |text: Option<&str>| Ok(Arc::new(self.read(text)?) as Value);
        SettingDef {
            name: self.name,
            default: self.default,
            help: self.help,
            secret: self.secret,
            type_name: type_name::<T>(),
            type_id: TypeId::of::<T>(),
            read: Arc::new(read),
        }
    }
}

impl<T> Setting<Option<T>> {
    /// The setting of this name, which is `None` where nobody sets it.
    ///
    /// # Panics
    /// As [`new`](Self::new).
    #[must_use]
    pub const fn optional(name: &'static str, help: &'static str) -> Self
    where
        T: FromStr<Err: Display>,
    {
        assert_name(name);
        Self { name, default: None, help, secret: false, read: optional::<T>, check: None }
    }
}

fn required<T: FromStr<Err: Display>>(text: Option<&str>) -> Result<T, String> {
    text.unwrap_or_default().parse().map_err(|why: T::Err| why.to_string())
}

fn optional<T: FromStr<Err: Display>>(text: Option<&str>) -> Result<Option<T>, String> {
    text.map(|text| required(Some(text))).transpose()
}

impl<T> Clone for Setting<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Setting<T> {}

impl<T> fmt::Debug for Setting<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Setting").field(&self.name).finish()
    }
}

/// A declared setting, whatever its type.
#[derive(Clone)]
pub struct SettingDef {
    /// What it is called, and its variable.
    pub name: &'static str,
    /// The text of its default, if it has one.
    pub default: Option<&'static str>,
    /// What it does, in a sentence.
    pub help: &'static str,
    /// Whether its value is never shown.
    pub secret: bool,
    /// Its type, as the compiler writes it.
    pub type_name: &'static str,
    /// Its type itself.
    pub type_id: TypeId,
    read: Arc<Read>,
}

type Read = dyn Fn(Option<&str>) -> Result<Value, String> + Send + Sync;

impl SettingDef {
    /// Reads a text; `None` and an empty one stand for the default.
    ///
    /// # Errors
    /// As [`Setting::read`].
    pub fn read(&self, text: Option<&str>) -> Result<Value, String> {
        (self.read)(text)
    }

    /// Its name in the table `[app]` of `motia.toml`.
    #[must_use]
    pub fn name_in_file(&self) -> String {
        self.name.to_ascii_lowercase()
    }

    /// Whether both say the same, so that it does not matter which of them is meant.
    #[must_use]
    pub fn agrees_with(&self, other: &Self) -> bool {
        (self.default, self.secret, self.type_id) == (other.default, other.secret, other.type_id)
    }
}

impl fmt::Debug for SettingDef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "setting {} of {}", self.name, self.type_name)
    }
}

/// Refuses names that are no variable's.
const fn assert_name(name: &str) {
    let bytes = name.as_bytes();
    assert!(!bytes.is_empty(), "a setting's name must not be empty");
    assert!(bytes.len() <= 64, "a setting's name must not be longer than 64 bytes");
    assert!(!bytes[0].is_ascii_digit(), "a setting's name must not begin with a digit");
    let mut i = 0;
    while i < bytes.len() {
        assert!(
            bytes[i].is_ascii_uppercase() || bytes[i].is_ascii_digit() || bytes[i] == b'_',
            "a setting's name has capitals, digits and `_` only, as variables have: `SMTP_URL`"
        );
        i += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORKERS: Setting<u32> = Setting::new("WORKERS", "4", "Workers at once");
    const SHARE: Setting<f64> = Setting::new("SHARE", "0", "Share that fails")
        .checked(|share| (0.0..=1.0).contains(share), "a number from 0 to 1");
    const SMTP: Setting<Option<String>> = Setting::optional("SMTP_URL", "Where mail goes");
    const PAUSE: Setting<Option<Span>> = Setting::optional("PAUSE", "Between two tasks");

    #[test]
    fn a_text_is_read_and_none_or_an_empty_one_is_the_default() {
        assert_eq!(WORKERS.read(Some("7")), Ok(7));
        assert_eq!(WORKERS.read(None), Ok(4));
        assert_eq!(WORKERS.read(Some("")), Ok(4));
    }

    #[test]
    fn a_setting_without_a_default_is_none_until_somebody_sets_it() {
        assert_eq!((SMTP.read(None), SMTP.read(Some(""))), (Ok(None), Ok(None)));
        assert_eq!(SMTP.read(Some("smtp://a")), Ok(Some("smtp://a".to_owned())));
        assert_eq!(
            PAUSE.read(Some("soon")).unwrap_err(),
            "cannot be read: it is not a time such as 500ms, 30s, 5m or 1h"
        );
    }

    #[test]
    fn what_cannot_be_read_and_what_does_not_pass_the_check_is_refused_with_what_is_expected() {
        let unread = WORKERS.read(Some("many")).unwrap_err();
        assert_eq!(unread, "cannot be read: invalid digit found in string");
        for text in ["2", "-0.1", "NaN", "lots"] {
            assert_eq!(SHARE.read(Some(text)).unwrap_err(), "is not a number from 0 to 1");
        }
        assert_eq!(SHARE.read(Some("1")), Ok(1.0));
    }

    #[test]
    fn two_of_one_name_agree_when_type_default_and_secrecy_are_the_same() {
        let with_help = Setting::<u32>::new("WORKERS", "4", "Said in other words").describe();
        assert!(WORKERS.describe().agrees_with(&with_help));
        let others = [
            Setting::<u32>::new("WORKERS", "5", "Workers at once").describe(),
            Setting::<u64>::new("WORKERS", "4", "Workers at once").describe(),
            WORKERS.secret().describe(),
        ];
        assert!(!others.iter().any(|other| other.agrees_with(&WORKERS.describe())));
    }
}
