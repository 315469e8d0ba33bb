//! Compares a store with the diary of who used it.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use jiff::Timestamp;
use motia_core::store::{Entry, PageRequest, Pull, QueueId, Store, StoreError};
use motia_store::SqliteStore;

use crate::child::{Scene, key, options};

type Rounds = BTreeSet<u32>;

/// What somebody was told.
#[derive(Default)]
struct Diary {
    begun: Rounds,
    kept: Rounds,
    settling: Rounds,
    settled: Rounds,
}

impl Diary {
    fn read(path: &Path) -> Self {
        let mut diary = Self::default();
        for line in std::fs::read_to_string(path).unwrap_or_default().lines() {
            let (what, n) = line.split_once(' ').unwrap();
            let noted = match what {
                "begun" => &mut diary.begun,
                "kept" => &mut diary.kept,
                "settling" => &mut diary.settling,
                _ => &mut diary.settled,
            };
            noted.insert(n.parse().unwrap());
        }
        diary
    }
}

/// Everything acknowledged is there once, and what belongs together is there together.
pub(crate) fn expect_sound(scene: &Scene, when: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    if let Err(wrong) = runtime.block_on(judge(scene)) {
        let diary = std::fs::read_to_string(scene.diary()).unwrap_or_default();
        panic!("{when}: {wrong}\n{diary}");
    }
}

async fn judge(scene: &Scene) -> Result<(), String> {
    let diary = Diary::read(&scene.diary());
    let told = |error: StoreError| error.to_string();
    let store = SqliteStore::open(scene.disk.folder(), options()).map_err(told)?;
    let queues = store.queues(&["left", "right"]).await.map_err(told)?;
    store.verify().await.map_err(told)?;

    let entries = entries(&store).await;
    let (left, right) = (waiting(&store, queues[0]).await?, waiting(&store, queues[1]).await?);
    store.close().await.map_err(told)?;

    let missing = |from: &Rounds| diary.kept.difference(from).copied().collect::<Vec<_>>();
    let beside: Rounds = left.union(&diary.settling).copied().collect();
    let or_settled = |round: &u32| !diary.settling.contains(round);
    for (what, wrong) in [
        ("entries are lost", missing(&entries)),
        ("events on the right are lost", missing(&right)),
        ("events on the left are lost", missing(&beside)),
        ("came back", diary.settled.intersection(&left).copied().collect()),
        ("were never begun", entries.difference(&diary.begun).copied().collect()),
        ("are half there", entries.symmetric_difference(&right).copied().collect()),
        (
            "are half there on the left",
            entries.symmetric_difference(&left).filter(|n| or_settled(n)).copied().collect(),
        ),
    ] {
        if !wrong.is_empty() {
            return Err(format!("{what}: {wrong:?}"));
        }
    }
    Ok(())
}

async fn entries(store: &SqliteStore) -> Rounds {
    let page = store.page("rounds", PageRequest::first(1000), Timestamp::UNIX_EPOCH).await.unwrap();
    let whole = |(name, entry): (String, Entry)| {
        let n = number(entry.value.as_str());
        assert_eq!(key(n), name, "it holds {}", entry.value.as_str());
        n
    };
    page.items.into_iter().map(whole).collect()
}

/// The round that a text is about.
fn number(text: &str) -> u32 {
    text.trim_start_matches('"').split_once(' ').unwrap().0.parse().unwrap()
}

/// The rounds whose event waits; each once.
async fn waiting(store: &SqliteStore, queue: QueueId) -> Result<Rounds, String> {
    let due_after = (Timestamp::MIN, 0);
    let pull = Pull {
        queue,
        after: 0,
        ranked_after: None,
        due_after,
        now: Timestamp::UNIX_EPOCH,
        limit: 10_000,
    };
    let mut times = BTreeMap::<u32, usize>::new();
    for delivery in store.pull(pull).await.map_err(|error| error.to_string())?.ready {
        *times.entry(number(delivery.event.payload.as_str())).or_default() += 1;
    }
    match times.iter().find(|(_, times)| **times > 1) {
        Some((n, times)) => Err(format!("{n} waits {times} times")),
        None => Ok(times.into_keys().collect()),
    }
}
