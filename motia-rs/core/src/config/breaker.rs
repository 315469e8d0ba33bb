//! When to leave a failing dependency alone.

use std::{num::NonZeroU32, time::Duration};

use serde::Serialize;

/// When to leave a failing dependency alone. Steps that name the same dependency share one circuit.
///
/// So many failures in a row open the circuit, and nothing that needs it is started; what waits, waits
/// and loses no attempt. After a while one attempt is let through: if it works out the circuit closes,
/// and otherwise it stays open as long again. A failure is what would be tried again: an error that is
/// fatal or blames the caller says nothing about the dependency.
///
/// ```
/// use std::time::Duration;
/// use motia_core::config::CircuitBreaker;
///
/// const BANK: CircuitBreaker = CircuitBreaker::new("bank").failures(10).open_for(Duration::from_secs(120));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CircuitBreaker {
    /// The dependency.
    pub name: &'static str,
    /// So many failures in a row open it.
    pub failures: NonZeroU32,
    /// How long it stays open before an attempt is let through.
    pub open_for: Duration,
}

impl CircuitBreaker {
    /// The circuit of a dependency: 5 failures in a row open it for 30 s.
    ///
    /// # Panics
    /// At compile time, when the name is empty or longer than 64 bytes.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        assert!(!name.is_empty() && name.len() <= 64, "a dependency's name has 1 to 64 bytes");
        let failures = NonZeroU32::new(5).expect("5 is not 0");
        Self { name, failures, open_for: Duration::from_secs(30) }
    }

    /// So many failures in a row open it.
    ///
    /// # Panics
    /// At compile time, when it is 0.
    #[must_use]
    pub const fn failures(mut self, failures: u32) -> Self {
        let Some(failures) = NonZeroU32::new(failures) else {
            panic!("a circuit that opens before anything failed is never closed");
        };
        self.failures = failures;
        self
    }

    /// How long it stays open before an attempt is let through.
    ///
    /// # Panics
    /// At compile time, when it is zero.
    #[must_use]
    pub const fn open_for(mut self, open_for: Duration) -> Self {
        assert!(!open_for.is_zero(), "a circuit stays open for some time");
        self.open_for = open_for;
        self
    }
}
