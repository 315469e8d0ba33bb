//! Several instances over one store.

use std::sync::Arc;

use motia_core::store::{Arrival, Change, Decorate, Listener, Store};
use motia_runtime::Settings;
use motia_store::MemoryStore;
use parking_lot::Mutex;

use super::stage::{FEED, Screen, Stage, group, next};

/// A store that tells everybody who listens, as one does that several processes share.
struct Shared {
    inner: MemoryStore,
    ears: Arc<Ears>,
}

#[derive(Default)]
struct Ears(Mutex<Vec<Arc<dyn Listener>>>);

impl Listener for Ears {
    fn committed(&self, arrivals: Vec<Arrival>) {
        self.0.lock().iter().for_each(|ear| ear.committed(arrivals.clone()));
    }

    fn changed(&self, changes: Vec<Change>) {
        self.0.lock().iter().for_each(|ear| ear.changed(changes.clone()));
    }
}

impl Decorate for Shared {
    fn inner(&self) -> &dyn Store {
        &self.inner
    }

    fn listen(&self, listener: Arc<dyn Listener>) {
        let first = self.ears.0.lock().is_empty();
        self.ears.0.lock().push(listener);
        if first {
            self.inner.listen(self.ears.clone());
        }
    }
}

#[tokio::test]
async fn what_is_written_by_one_is_shown_by_all_and_one_goes_on_where_another_was() {
    let store = Arc::new(Shared { inner: MemoryStore::new(), ears: Arc::default() });
    let one = Stage::over(store.clone(), Settings::default(), FEED.describe()).await;
    let other = Stage::over(store, Settings::default(), FEED.describe()).await;
    let mut guest = one.watching(group()).await;
    let mut screen = Screen::default();
    screen.show(next(&mut guest).await);

    other.set("a", 1).await;
    screen.show(next(&mut guest).await);
    drop(guest);
    one.set("a", 2).await;
    let mut back = other.guest();
    back.join(group(), "1", Some(screen.seq)).await.unwrap();
    screen.show(next(&mut back).await);

    assert_eq!((screen.syncs, &screen.items), (1, &one.kept().await));
}
