//! The store that the settings name.

use std::sync::Arc;

use motia_core::store::{Capabilities, Durability, Store, StoreError};
use motia_store::{MemoryStore, SqliteOptions, SqliteStore};

use crate::settings::{Settings, StoreKind};

/// Opens the store.
///
/// # Errors
/// When the data folder is in use, cannot be written, or holds what cannot be read.
pub fn open(settings: &Settings) -> Result<Arc<dyn Store>, StoreError> {
    Ok(match settings.store {
        StoreKind::Memory => Arc::new(MemoryStore::new()),
        StoreKind::Sqlite => {
            Arc::new(SqliteStore::open(&settings.data_dir, SqliteOptions::default())?)
        }
    })
}

/// Whether something was ever kept in the data folder.
#[must_use]
pub fn exists(settings: &Settings) -> bool {
    settings.data_dir.join("motia.db").exists()
}

/// What a store of this kind can do, without opening it: a server may have it open.
#[must_use]
pub const fn capabilities(kind: StoreKind) -> Capabilities {
    Capabilities::embedded(match kind {
        StoreKind::Memory => Durability::Volatile,
        StoreKind::Sqlite => Durability::Durable,
    })
}

#[cfg(test)]
mod tests {
    use motia_core::registry::Registry;

    use super::*;
    use crate::settings::Places;

    #[test]
    fn a_store_can_what_is_said_of_its_kind() {
        let folder = tempfile::tempdir().unwrap();
        let (mut settings, _) = Settings::load(&Places::default(), &Registry::default()).unwrap();
        settings.data_dir = folder.path().to_owned();
        for kind in [StoreKind::Memory, StoreKind::Sqlite] {
            settings.store = kind;
            assert_eq!(open(&settings).unwrap().capabilities(), capabilities(kind), "{kind}");
        }
    }
}
