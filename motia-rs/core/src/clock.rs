//! The port through which everything here learns what time it is.

use jiff::Timestamp;

/// Tells the time. The app's clock follows the system; a test's moves when told to.
pub trait Clock: Send + Sync + 'static {
    /// The present instant.
    fn now(&self) -> Timestamp;
}

impl<C: Clock + ?Sized> Clock for std::sync::Arc<C> {
    fn now(&self) -> Timestamp {
        (**self).now()
    }
}
