//! What can go wrong with an attempt at a task.

use motia::prelude::*;

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Fault {
    /// A word for machines.
    pub reason: FaultReason,
    /// A sentence for people.
    pub detail: String,
}

/// What went wrong, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FaultReason {
    /// It took longer than it may.
    Timeout,
    /// Nothing was listening.
    Unreachable,
    /// The executor's address is not one that may be called.
    ForbiddenAddress,
    /// The executor refused the task: trying again cannot help.
    Refused,
    /// The executor says that it is busy.
    Busy,
    /// The executor broke.
    Broken,
    /// The answer is no JSON, or too large.
    BadAnswer,
    /// The output breaks its schema.
    OutputSchema,
    /// It used more memory or time of the processor than it may.
    OverQuota,
    /// Nobody knows: the process ended meanwhile.
    Unknown,
    /// The definition is gone.
    NoDefinition,
}

impl FaultReason {
    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Unreachable => "unreachable",
            Self::ForbiddenAddress => "forbidden_address",
            Self::Refused => "refused",
            Self::Busy => "busy",
            Self::Broken => "broken",
            Self::BadAnswer => "bad_answer",
            Self::OutputSchema => "output_schema",
            Self::OverQuota => "over_quota",
            Self::Unknown => "unknown",
            Self::NoDefinition => "no_definition",
        }
    }

    /// Whether the executor may have done something before it failed.
    #[must_use]
    pub const fn may_have_acted(self) -> bool {
        !matches!(
            self,
            Self::Unreachable | Self::ForbiddenAddress | Self::Refused | Self::NoDefinition
        )
    }

    /// Whether trying again may help.
    #[must_use]
    pub const fn is_transient(self) -> bool {
        !matches!(self, Self::Refused | Self::NoDefinition)
    }
}

impl Fault {
    /// What went wrong, in a word and a sentence.
    pub fn new(reason: FaultReason, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into() }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.reason.as_str(), self.detail)
    }
}
