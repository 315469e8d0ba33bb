//! Both stores do what the port promises.

use std::sync::Arc;

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

mod sqlite {
    use super::*;

    async fn subject() -> Subject {
        let folder = Arc::new(tempfile::tempdir().expect("a folder"));
        let open = move || -> Arc<dyn Store> {
            let store = SqliteStore::open(folder.path(), SqliteOptions::default());
            Arc::new(store.expect("the folder is free"))
        };
        Subject::new(open()).reopened_by(move || std::future::ready(open()))
    }

    conformance::suite!(subject);
}
