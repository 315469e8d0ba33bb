//! The durability classes: each keeps events in its own way, and has rows of its own.

use std::{path::Path, sync::Arc};

use motia_core::store::Store;
use motia_store::{MemoryStore, SqliteOptions, SqliteStore};
use tokio::runtime::Runtime;

/// One durability class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Durable,
    Volatile,
}

impl Class {
    pub(super) const ALL: [Self; 2] = [Self::Durable, Self::Volatile];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Durable => "durable",
            Self::Volatile => "volatile",
        }
    }

    /// Store and fsync policy.
    pub(super) const fn how(self) -> &'static str {
        match self {
            Self::Durable => "sqlite, WAL, synchronous=FULL, every commit synced",
            Self::Volatile => "memory, nothing synced",
        }
    }

    /// A store of this class; `folder` is where it keeps files, if it does.
    pub(super) fn open(self, folder: &Path) -> anyhow::Result<Arc<dyn Store>> {
        Ok(match self {
            Self::Durable => Arc::new(SqliteStore::open(folder, SqliteOptions::default())?),
            Self::Volatile => Arc::new(MemoryStore::new()),
        })
    }

    /// The same, opened as an app opens it: within the runtime that waits for its commits.
    pub(super) fn open_within(
        self,
        tokio: &Runtime,
        folder: &Path,
    ) -> anyhow::Result<Arc<dyn Store>> {
        let _within = tokio.enter();
        self.open(folder)
    }
}
