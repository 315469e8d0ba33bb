//! What the steps of one app share in memory while it runs.

use std::{
    any::{Any, TypeId},
    collections::HashMap,
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

/// Values that the steps of one app share in memory, one of each type. Two apps in one process share
/// nothing, and nothing of it outlives the app.
///
/// ```
/// use std::sync::atomic::{AtomicU32, Ordering};
/// use motia_core::context::Memory;
///
/// #[derive(Default)]
/// struct Calls(AtomicU32);
///
/// let memory = Memory::default();
/// memory.get::<Calls>().0.fetch_add(1, Ordering::Relaxed);
/// assert_eq!(memory.get::<Calls>().0.load(Ordering::Relaxed), 1);
/// ```
#[derive(Default)]
pub struct Memory(RwLock<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>);

impl Memory {
    /// The app's value of this type, made by its `Default` when it is first asked for.
    pub fn get<T: Default + Send + Sync + 'static>(&self) -> Arc<T> {
        let kind = TypeId::of::<T>();
        let found = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&kind).cloned();
        let value = found.unwrap_or_else(|| {
            let made = Arc::new(T::default()); // not while locked: it may ask for others
            let mut values = self.0.write().unwrap_or_else(PoisonError::into_inner);
            values.entry(kind).or_insert(made).clone()
        });
        value.downcast().expect("a value lies under its own type")
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Memory")
    }
}
