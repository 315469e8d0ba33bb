//! Those who were away go on where they were, if that is still known.

use std::sync::Arc;

use motia_runtime::{
    Settings,
    hub::room::{Room, Shown},
};
use motia_store::MemoryStore;

use super::stage::{FEED, Screen, Stage, assert_silent, group, next};

#[tokio::test]
async fn who_was_away_is_shown_what_it_missed_and_what_follows() {
    let stage = Stage::in_memory(Settings::default()).await;
    stage.set("a", 1).await;
    let mut guest = stage.watching(group()).await;
    let mut screen = Screen::default();
    screen.show(next(&mut guest).await);
    drop(guest);

    stage.set("a", 2).await;
    stage.streams.set(FEED, "other", "x", &9).await.unwrap();
    stage.set("b", 3).await;
    let mut back = stage.guest();
    back.join(group(), "1", Some(screen.seq)).await.unwrap();
    stage.set("c", 4).await;

    for _ in 0..3 {
        screen.show(next(&mut back).await);
    }
    assert_eq!((screen.syncs, &screen.items), (1, &stage.kept().await));
    assert_silent(&mut back).await;
}

#[tokio::test]
async fn who_was_away_for_too_long_is_shown_everything() {
    let mut settings = Settings::default();
    settings.stream_history = 4;
    let stage = Stage::in_memory(settings).await;
    stage.set("a", 1).await;
    let mut guest = stage.watching(group()).await;
    let mut screen = Screen::default();
    screen.show(next(&mut guest).await);
    drop(guest);

    for turn in 0..5 {
        stage.set("a", turn).await;
    }
    let mut back = stage.guest();
    back.join(group(), "1", Some(screen.seq)).await.unwrap();
    screen.show(next(&mut back).await);

    assert_eq!((screen.syncs, screen.items["a"]), (2, 4));
    assert_silent(&mut back).await;
}

#[tokio::test]
async fn what_happened_before_the_app_began_is_never_left_out() {
    let store = Arc::new(MemoryStore::new());
    let before = Stage::over(store.clone(), Settings::default(), FEED.describe()).await;
    before.set("a", 1).await;
    let mut guest = before.watching(group()).await;
    let mut screen = Screen::default();
    screen.show(next(&mut guest).await);
    before.set("a", 2).await;

    // Another process takes over, which heard of none of it.
    let other = Stage::over(store, Settings::default(), FEED.describe()).await;
    let mut back = other.guest();
    back.join(group(), "1", Some(screen.seq)).await.unwrap();

    screen.show(next(&mut back).await);
    assert_eq!((screen.syncs, screen.items["a"]), (2, 2));
}

#[tokio::test]
async fn a_number_from_elsewhere_shows_everything() {
    let stage = Stage::in_memory(Settings::default()).await;
    stage.set("a", 1).await;
    let mut guest = stage.guest();

    guest.join(Room::item("feed", "g", "a"), "1", Some(u64::MAX)).await.unwrap();

    assert!(matches!(next(&mut guest).await, Shown::Sync { items, .. } if items.len() == 1));
}
