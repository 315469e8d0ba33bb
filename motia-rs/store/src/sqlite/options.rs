//! What can be set of a store.

use std::{num::NonZeroUsize, time::Duration};

/// How a [`SqliteStore`](super::SqliteStore) uses its file. The defaults suit a server with a local disk.
#[derive(Debug, Clone)]
pub struct SqliteOptions {
    /// Bytes of a page of a new file: a power of two from 512 to 65536.
    pub page_bytes: u32,
    /// Bytes of memory in which the writer keeps pages of the file; readers keep up to 2 MiB each. What is
    /// appended is not read again soon, so a cache that stays in the processor's own is the faster one.
    pub cache_bytes: usize,
    /// Connections that read at the same time.
    pub readers: NonZeroUsize,
    /// Bytes of write-ahead log after which it is moved into the file and begins anew. A longer log
    /// means less writing, and more reading when the store is opened after a crash.
    pub log_bytes: u64,
    /// From so many deliveries on, those that are published into one queue by one transaction share a row,
    /// which makes them several times cheaper to keep and to settle. At most 512 do, with 128 KiB of payload,
    /// whose sequence numbers lie within 1024 of each other. One that fails moves to a row of its own; one
    /// that waits or runs for long keeps the room of all.
    pub segment_from: NonZeroUsize,
    /// How long to wait for another program that writes to the file, such as the `sqlite3` tool.
    pub busy_timeout: Duration,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self {
            page_bytes: 4096,
            cache_bytes: 2 << 20,
            readers: NonZeroUsize::new(4).expect("4 is not 0"),
            log_bytes: 16 << 20,
            segment_from: NonZeroUsize::new(16).expect("16 is not 0"),
            busy_timeout: Duration::from_secs(5),
        }
    }
}
