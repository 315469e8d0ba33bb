//! Both stores do what the port promises.

use std::{num::NonZeroUsize, sync::Arc};

use motia_core::store::Store;
use motia_store::{MemoryStore, SqliteOptions, SqliteStore};
use motia_testkit::conformance::{self, Subject};

mod memory {
    use super::*;

    async fn subject() -> Subject {
        Subject::new(Arc::new(MemoryStore::new()))
    }

    conformance::suite!(subject);
}

fn sqlite(options: SqliteOptions) -> Subject {
    let folder = Arc::new(tempfile::tempdir().expect("a folder"));
    let open = move || -> Arc<dyn Store> {
        let store = SqliteStore::open(folder.path(), options.clone());
        Arc::new(store.expect("the folder is free"))
    };
    Subject::new(open()).reopened_by(move || std::future::ready(open()))
}

mod sqlite_by_the_row {
    use super::*;

    async fn subject() -> Subject {
        sqlite(SqliteOptions { segment_from: NonZeroUsize::MAX, ..SqliteOptions::default() })
    }

    conformance::suite!(subject);
}

mod sqlite_in_segments {
    use super::*;

    async fn subject() -> Subject {
        sqlite(SqliteOptions { segment_from: NonZeroUsize::MIN, ..SqliteOptions::default() })
    }

    conformance::suite!(subject);
}
