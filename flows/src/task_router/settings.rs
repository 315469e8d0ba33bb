//! What can be set about the router.

use std::{collections::BTreeMap, num::NonZeroU32, path::PathBuf, str::FromStr};

use motia::prelude::*;

use super::{
    amount::Bytes,
    safety::{PatternRule, SafetyRules},
};

/// How many tasks one executor runs at once.
pub const EXECUTOR_MAX_CONCURRENT: Setting<NonZeroU32> =
    Setting::new("EXECUTOR_MAX_CONCURRENT", "100", "Tasks that one executor runs at once");
setting!(EXECUTOR_MAX_CONCURRENT);

/// How many failures in a row open an executor's circuit.
pub const CIRCUIT_BREAKER_THRESHOLD: Setting<NonZeroU32> =
    Setting::new("CIRCUIT_BREAKER_THRESHOLD", "5", "Failures in a row that open a circuit");
setting!(CIRCUIT_BREAKER_THRESHOLD);

/// How long a circuit stays open before one task is let through.
pub const CIRCUIT_BREAKER_RESET_TIMEOUT: Setting<Span> = Setting::new(
    "CIRCUIT_BREAKER_RESET_TIMEOUT",
    "30s",
    "How long a circuit stays open before one task is let through",
)
.checked(|span| !span.is_zero(), "a time such as 30s, and more than none");
setting!(CIRCUIT_BREAKER_RESET_TIMEOUT);

/// The timeout of definitions that say none.
pub const DEFAULT_TASK_TIMEOUT: Setting<Span> = Setting::new(
    "DEFAULT_TASK_TIMEOUT",
    "30s",
    "How long an attempt may take whose definition says nothing",
)
.checked(
    |span| !span.is_zero() && span.get() <= super::definition::LONGEST_TIMEOUT,
    "a time up to 1h, and more than none",
);
setting!(DEFAULT_TASK_TIMEOUT);

/// The attempts of definitions that say nothing of them.
pub const MAX_RETRY_ATTEMPTS: Setting<NonZeroU32> = Setting::new(
    "MAX_RETRY_ATTEMPTS",
    "3",
    "Attempts in all of tasks whose definition says nothing",
)
.checked(|attempts| attempts.get() <= super::definition::MOST_ATTEMPTS, "a number from 1 to 100");
setting!(MAX_RETRY_ATTEMPTS);

/// How many tasks a client may submit in a second.
pub const ROUTER_CLIENT_RATE: Setting<NonZeroU32> =
    Setting::new("ROUTER_CLIENT_RATE", "100", "Tasks that a client may submit in a second");
setting!(ROUTER_CLIENT_RATE);

/// How many tasks a client may submit at once.
pub const ROUTER_CLIENT_BURST: Setting<NonZeroU32> =
    Setting::new("ROUTER_CLIENT_BURST", "200", "Tasks that a client may submit at once");
setting!(ROUTER_CLIENT_BURST);

/// The largest input.
pub const ROUTER_MAX_INPUT: Setting<Size> =
    Setting::new("ROUTER_MAX_INPUT", "256KiB", "The largest input of a task, as JSON");
setting!(ROUTER_MAX_INPUT);

/// The largest output.
pub const ROUTER_MAX_OUTPUT: Setting<Size> =
    Setting::new("ROUTER_MAX_OUTPUT", "512KiB", "The largest answer that is read of an executor");
setting!(ROUTER_MAX_OUTPUT);

/// Words that no input may hold.
pub const ROUTER_DENY_WORDS: Setting<Words> =
    Setting::new("ROUTER_DENY_WORDS", "", "Words that no input may hold, with commas between");
setting!(ROUTER_DENY_WORDS);

/// Patterns that no input may match.
pub const ROUTER_DENY_PATTERNS: Setting<Patterns> = Setting::new(
    "ROUTER_DENY_PATTERNS",
    "private-key=-----BEGIN [A-Z ]*PRIVATE KEY-----",
    "Patterns that no input may match: name=regex, with ` ; ` between",
);
setting!(ROUTER_DENY_PATTERNS);

/// Programs that local executors may run.
pub const ROUTER_COMMANDS: Setting<Commands> = Setting::new(
    "ROUTER_COMMANDS",
    "",
    "Programs that local executors may run, under limits: name=/path, with commas between",
);
setting!(ROUTER_COMMANDS);

/// The folder of a delegated control group.
pub const ROUTER_CGROUP: Setting<Option<PathBuf>> = Setting::optional(
    "ROUTER_CGROUP",
    "The folder of a control group (v2) that is delegated to the app; its own where nothing is set",
);
setting!(ROUTER_CGROUP);

/// How long tasks are kept that are over.
pub const ROUTER_KEEP_TASKS: Setting<Span> =
    Setting::new("ROUTER_KEEP_TASKS", "7d", "How long tasks are kept that are over");
setting!(ROUTER_KEEP_TASKS);

/// How many definitions are kept compiled.
pub const ROUTER_CONTRACTS_KEPT: Setting<usize> =
    Setting::new("ROUTER_CONTRACTS_KEPT", "256", "Definitions that are kept compiled");
setting!(ROUTER_CONTRACTS_KEPT);

/// Words with commas between.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words(pub Vec<String>);

impl FromStr for Words {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(parts(text, ",").map(str::to_owned).collect()))
    }
}

/// Patterns by name, with ` ; ` between.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Patterns(pub Vec<PatternRule>);

impl FromStr for Patterns {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let rule = |part: &str| {
            let (name, pattern) = named(part)?;
            regex::Regex::new(pattern).map_err(|error| format!("`{name}`: {error}"))?;
            Ok(PatternRule { name: name.to_owned(), pattern: pattern.to_owned() })
        };
        parts(text, " ; ").map(rule).collect::<Result<_, String>>().map(Self)
    }
}

/// Programs by name, with commas between.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Commands(pub BTreeMap<String, PathBuf>);

impl FromStr for Commands {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let command = |part: &str| {
            let (name, path) = named(part)?;
            let path = PathBuf::from(path);
            if path.is_absolute() {
                Ok((name.to_owned(), path))
            } else {
                Err(format!("the path of `{name}` does not begin at the root"))
            }
        };
        parts(text, ",").map(command).collect::<Result<_, String>>().map(Self)
    }
}

fn parts<'t>(text: &'t str, between: &'t str) -> impl Iterator<Item = &'t str> {
    text.split(between).map(str::trim).filter(|part| !part.is_empty())
}

fn named(part: &str) -> Result<(&str, &str), String> {
    let named = part.split_once('=').map(|(name, value)| (name.trim(), value.trim()));
    named
        .filter(|(name, value)| !name.is_empty() && !value.is_empty())
        .ok_or_else(|| "a part is not of the form name=value".to_owned())
}

/// What no input may hold, as the settings have it.
#[must_use]
pub fn common_safety<E>(ctx: &Context<E>) -> SafetyRules {
    SafetyRules {
        max_bytes: Some(Bytes(ctx.setting(ROUTER_MAX_INPUT).get() as u64)),
        deny_words: ctx.setting(ROUTER_DENY_WORDS).0,
        deny_patterns: ctx.setting(ROUTER_DENY_PATTERNS).0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_as_they_are_written_and_what_has_no_name_is_refused() {
        assert_eq!("a, b".parse::<Words>().unwrap().0, ["a", "b"]);
        assert!("".parse::<Words>().unwrap().0.is_empty());
        let patterns = "card=\\d{16} ; key=a;b".parse::<Patterns>().unwrap().0;
        assert_eq!(patterns[1].pattern, "a;b");
        assert!("card".parse::<Patterns>().is_err() && "a=(".parse::<Patterns>().is_err());
        assert!("hog=/bin/true".parse::<Commands>().is_ok());
        assert!("hog=bin/true".parse::<Commands>().is_err());
    }
}
