//! A few connections that only read, each used by one blocking task at a time.

use std::{path::PathBuf, sync::Arc};

use motia_core::store::StoreError;
use parking_lot::Mutex;
use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::{SqliteOptions, fault, file};

/// Lends out connections, opening them as they are needed.
pub(super) struct Readers {
    path: PathBuf,
    options: SqliteOptions,
    permits: Arc<Semaphore>,
    idle: Arc<Mutex<Vec<Connection>>>,
}

impl Readers {
    pub(super) fn new(path: PathBuf, options: SqliteOptions) -> Self {
        let permits = Arc::new(Semaphore::new(options.readers.get()));
        Self { path, options, permits, idle: Arc::default() }
    }

    /// Reads on a thread where waiting for the disk holds up nobody.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let permit = self.permits.clone().acquire_owned().await.map_err(|_| StoreError::Closed)?;
        let (idle, path, options) = (self.idle.clone(), self.path.clone(), self.options.clone());

        let work = move || {
            let lent = idle.lock().pop();
            let db = lent.map_or_else(|| file::open_reader(&path, &options), Ok)?;
            let result = read(&db).map_err(|error| fault::told(&error));
            // Before the permit goes, so that whoever closes finds every connection here.
            idle.lock().push(db);
            drop(permit);
            result
        };
        tokio::task::spawn_blocking(work)
            .await
            .unwrap_or_else(|error| Err(StoreError::Io(format!("a read was cut short: {error}"))))
    }

    /// Lets reads under way end and admits no more.
    pub(super) async fn close(&self) {
        let all = u32::try_from(self.options.readers.get()).unwrap_or(u32::MAX);
        if let Ok(permits) = self.permits.acquire_many(all).await {
            permits.forget();
        }
        self.permits.close();
        self.idle.lock().clear();
    }
}
