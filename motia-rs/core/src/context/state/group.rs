//! A typed handle on a group of entries.

use std::marker::PhantomData;

use crate::topic::assert_name;

/// Names beginning so are the framework's own.
const RESERVED: &str = "__motia";

/// A typed handle on a group of entries; a constant next to the type.
///
/// ```
/// # use motia_core::context::StateGroup;
/// # #[derive(serde::Serialize, serde::Deserialize)]
/// # struct Order { id: String }
/// /// Every order ever taken, by id.
/// pub const ORDERS: StateGroup<Order> = StateGroup::new("orders");
/// ```
pub struct StateGroup<T> {
    name: &'static str,
    item: PhantomData<fn() -> T>,
}

impl<T> Clone for StateGroup<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for StateGroup<T> {}

impl<T> std::fmt::Debug for StateGroup<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("StateGroup").field(&self.name).finish()
    }
}

impl<T> StateGroup<T> {
    /// The group of this name.
    ///
    /// # Panics
    /// At compile time, when the name is empty, has spaces, or begins with `__motia`.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        assert_name(name);
        assert!(
            !is_reserved(name.as_bytes()),
            "names that begin with `__motia` are the framework's"
        );
        Self { name, item: PhantomData }
    }

    /// What it is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.name
    }
}

/// Whether a name is the framework's own.
pub(in crate::context) const fn is_reserved(name: &[u8]) -> bool {
    let prefix = RESERVED.as_bytes();
    if name.len() < prefix.len() {
        return false;
    }
    let mut i = 0;
    while i < prefix.len() {
        if name[i] != prefix[i] {
            return false;
        }
        i += 1;
    }
    true
}
