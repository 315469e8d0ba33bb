//! How urgent an event is.

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How urgent an event is: a level from −9 to 9, normally 0.
///
/// Each level is worth a head start of [`Priority::HEAD_START`]: an event of level 5 is started
/// before all normal events that were emitted less than five minutes before it. That is all that
/// a priority does, so what waits grows older and its turn comes, whatever else is emitted.
///
/// ```
/// use motia_core::config::Priority;
///
/// const URGENT: Priority = Priority::new(9);
/// assert!(URGENT > Priority::HIGH && Priority::HIGH > Priority::NORMAL);
/// assert!(Priority::try_new(12).is_none());
/// ```
///
/// # Example: a level out of range does not compile
/// ```compile_fail
/// # use motia_core::config::Priority;
/// const TOO_MUCH: Priority = Priority::new(12);
/// ```
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, JsonSchema,
)]
#[serde(transparent)]
pub struct Priority(#[schemars(range(min = -9, max = 9))] i8);

impl Priority {
    /// What nobody waits for: level −5.
    pub const LOW: Self = Self(-5);
    /// Where nothing is said: level 0.
    pub const NORMAL: Self = Self(0);
    /// What somebody waits for: level 5.
    pub const HIGH: Self = Self(5);
    /// By how much each level goes before the one below it: one minute.
    pub const HEAD_START: SignedDuration = SignedDuration::from_mins(1);
    /// The highest level; the lowest is its opposite.
    pub const MAX_LEVEL: i8 = 9;

    /// A priority of this level.
    ///
    /// # Panics
    /// At compile time, out of −9 to 9.
    #[must_use]
    pub const fn new(level: i8) -> Self {
        match Self::try_new(level) {
            Some(priority) => priority,
            None => panic!("a priority is a level from -9 to 9"),
        }
    }

    /// A priority of this level, if it is from −9 to 9.
    #[must_use]
    pub const fn try_new(level: i8) -> Option<Self> {
        if level < -Self::MAX_LEVEL || level > Self::MAX_LEVEL { None } else { Some(Self(level)) }
    }

    /// The level, from −9 to 9.
    #[must_use]
    pub const fn level(self) -> i8 {
        self.0
    }

    /// Whether it is [`Priority::NORMAL`].
    #[must_use]
    pub const fn is_normal(&self) -> bool {
        self.0 == 0
    }

    /// Where an event of this priority stands that was emitted at this instant: lower is sooner.
    #[must_use]
    pub fn rank(self, emitted_at: Timestamp) -> Timestamp {
        let ahead = Self::HEAD_START * i32::from(self.0);
        emitted_at.checked_sub(ahead).unwrap_or(emitted_at)
    }
}

impl<'de> Deserialize<'de> for Priority {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let level = i8::deserialize(deserializer)?;
        Self::try_new(level)
            .ok_or_else(|| serde::de::Error::custom("a priority is a level from -9 to 9"))
    }
}
