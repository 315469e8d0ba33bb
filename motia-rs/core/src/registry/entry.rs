//! What the macros submit, and where each of it stands.

use std::fmt;

use super::{Definition, StreamDef};
use crate::{metric::MetricDef, setting::SettingDef};

/// Where something was registered.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, schemars::JsonSchema,
)]
pub struct Source {
    /// The file, relative to the workspace.
    pub file: &'static str,
    /// The line.
    pub line: u32,
    /// The module, `steps::petstore::api_trigger`.
    #[serde(skip)]
    pub module: &'static str,
    /// The folder of the package, on the machine that compiled it.
    #[serde(skip)]
    pub package_dir: &'static str,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// One call of `step!`.
pub struct StepEntry {
    pub(super) build: fn() -> Definition,
    pub(super) source: Source,
}

impl StepEntry {
    /// What `step!` submits.
    #[must_use]
    pub const fn new(build: fn() -> Definition, source: Source) -> Self {
        Self { build, source }
    }
}

inventory::collect!(StepEntry);

/// One call of `stream!`.
pub struct StreamEntry {
    pub(super) build: fn() -> StreamDef,
    pub(super) source: Source,
}

impl StreamEntry {
    /// What `stream!` submits.
    #[must_use]
    pub const fn new(build: fn() -> StreamDef, source: Source) -> Self {
        Self { build, source }
    }
}

inventory::collect!(StreamEntry);

/// One call of `setting!`.
pub struct SettingEntry {
    pub(super) build: fn() -> SettingDef,
    pub(super) source: Source,
}

impl SettingEntry {
    /// What `setting!` submits.
    #[must_use]
    pub const fn new(build: fn() -> SettingDef, source: Source) -> Self {
        Self { build, source }
    }
}

inventory::collect!(SettingEntry);

/// One call of `metric!`.
pub struct MetricEntry {
    pub(super) build: fn() -> MetricDef,
    pub(super) source: Source,
}

impl MetricEntry {
    /// What `metric!` submits.
    #[must_use]
    pub const fn new(build: fn() -> MetricDef, source: Source) -> Self {
        Self { build, source }
    }
}

inventory::collect!(MetricEntry);

/// Registers a step: its config and, unless it is a noop, its handler.
///
/// The file must be reached by a `mod` of a crate that the program names (`use steps as _;`); the
/// boot check finds those that are not.
#[macro_export]
macro_rules! step {
    ($config:path $(, $handler:path)? $(,)?) => {
        const _: () = $config.check();

        $crate::__private::inventory::submit! {
            $crate::registry::StepEntry::new(|| $config.bind($($handler)?), $crate::source!())
        }
    };
}

/// Registers a stream, with who may watch it; see [`StreamDef`](crate::registry::StreamDef).
#[macro_export]
macro_rules! stream {
    ($stream:expr) => {
        $crate::__private::inventory::submit! {
            $crate::registry::StreamEntry::new(
                || ::core::convert::Into::into($stream),
                $crate::source!(),
            )
        }
    };
}

/// Registers a [`Setting`](crate::setting::Setting), so that it is read before the app starts.
#[macro_export]
macro_rules! setting {
    ($setting:path) => {
        $crate::__private::inventory::submit! {
            $crate::registry::SettingEntry::new(|| $setting.describe(), $crate::source!())
        }
    };
}

/// Registers a [`Metric`](crate::metric::Metric), so that it is shown from the start.
#[macro_export]
macro_rules! metric {
    ($metric:path) => {
        $crate::__private::inventory::submit! {
            $crate::registry::MetricEntry::new(|| $metric.describe(), $crate::source!())
        }
    };
}

/// The place where it stands.
#[doc(hidden)]
#[macro_export]
macro_rules! source {
    () => {
        $crate::registry::Source {
            file: ::core::file!(),
            line: ::core::line!(),
            module: ::core::module_path!(),
            package_dir: ::core::env!("CARGO_MANIFEST_DIR"),
        }
    };
}
