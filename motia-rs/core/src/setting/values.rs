//! What every setting was set to.

use std::{
    collections::{HashMap, hash_map::Entry},
    fmt,
    sync::Arc,
};

use super::{Setting, SettingDef, Value};

/// What settings were set to, each read once. Cloning it copies pointers.
///
/// ```
/// # use motia_core::setting::{Setting, Values};
/// const WORKERS: Setting<u32> = Setting::new("WORKERS", "4", "Workers at once");
///
/// let mut values = Values::default();
/// assert_eq!(values.get(WORKERS), None);
///
/// values.set(WORKERS, 7);
/// assert_eq!(values.get(WORKERS), Some(7));
/// ```
#[derive(Clone, Default)]
pub struct Values(HashMap<&'static str, Value>);

impl Values {
    /// What a setting was set to, if it was.
    #[must_use]
    pub fn get<T: Clone + 'static>(&self, setting: Setting<T>) -> Option<T> {
        self.0.get(setting.name())?.downcast_ref::<T>().cloned()
    }

    /// Sets a setting, whatever it was set to.
    pub fn set<T: Send + Sync + 'static>(&mut self, setting: Setting<T>, value: T) {
        self.0.insert(setting.name(), Arc::new(value));
    }

    /// Sets a setting to what a text stands for, whatever it was set to.
    ///
    /// # Errors
    /// As [`Setting::read`].
    pub fn read(&mut self, setting: &SettingDef, text: Option<&str>) -> Result<(), String> {
        self.0.insert(setting.name, setting.read(text)?);
        Ok(())
    }

    /// Sets what others set, whatever it was set to.
    pub fn extend(&mut self, others: &Self) {
        self.0.extend(others.0.iter().map(|(name, value)| (*name, value.clone())));
    }

    /// Sets to their defaults those of these settings that are not set; one whose default cannot be
    /// read stays as it is, and is found by the boot check.
    pub fn fill<'s>(&mut self, settings: impl IntoIterator<Item = &'s SettingDef>) {
        for setting in settings {
            if let (Entry::Vacant(place), Ok(value)) =
                (self.0.entry(setting.name), setting.read(None))
            {
                place.insert(value);
            }
        }
    }
}

impl fmt::Debug for Values {
    /// Which settings are set; values may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
