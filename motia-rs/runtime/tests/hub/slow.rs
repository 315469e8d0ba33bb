//! Those who read too slowly: they hold up nobody, and are shown everything anew.

use motia_runtime::{
    Settings,
    hub::{guest::Refusal, reader::ReadError, room::Room},
};

use super::stage::{Screen, Stage, assert_silent, group, next};

#[tokio::test]
async fn who_falls_behind_is_shown_everything_anew_and_nothing_in_between() {
    let mut settings = Settings::default();
    settings.stream_buffer = 8;
    let stage = Stage::in_memory(settings).await;
    let mut guest = stage.watching(group()).await;
    let mut screen = Screen::default();
    screen.show(next(&mut guest).await);

    // Nobody reads meanwhile, and nobody waits for it.
    for turn in 0..1000 {
        stage.set(&format!("{}", turn % 10), turn).await;
    }
    screen.show(next(&mut guest).await);

    assert_eq!((screen.syncs, &screen.items), (2, &stage.kept().await));
    assert_silent(&mut guest).await;
    stage.set("a", 1).await;
    screen.show(next(&mut guest).await);
    assert_eq!(screen.items, stage.kept().await);
    assert_eq!(stage.metric("motia_stream_resyncs_total"), 1.0);
}

#[tokio::test]
async fn up_to_the_buffer_nothing_is_left_out() {
    let mut settings = Settings::default();
    settings.stream_buffer = 8;
    let stage = Stage::in_memory(settings).await;
    let mut guest = stage.watching(group()).await;
    let mut screen = Screen::default();
    screen.show(next(&mut guest).await);

    for turn in 0..8 {
        stage.set("a", turn).await;
    }
    for _ in 0..8 {
        screen.show(next(&mut guest).await);
    }

    assert_eq!((screen.syncs, screen.items["a"]), (1, 7));
    assert_silent(&mut guest).await;
}

#[tokio::test]
async fn a_group_that_is_too_large_is_not_shown_and_its_items_are() {
    let mut settings = Settings::default();
    settings.stream_items = 2;
    let stage = Stage::in_memory(settings).await;
    for id in ["a", "b", "c"] {
        stage.set(id, 1).await;
    }
    let mut guest = stage.guest();

    let refused = guest.join(group(), "1", None).await.unwrap_err();
    guest.join(Room::item("feed", "g", "a"), "2", None).await.unwrap();

    assert!(matches!(refused, Refusal::Read(ReadError::TooLarge(2))), "{refused}");
    let mut screen = Screen::default();
    screen.show(next(&mut guest).await);
    stage.set("b", 2).await;
    assert_eq!(screen.items.len(), 1);
    assert_silent(&mut guest).await;
}

#[tokio::test]
async fn a_connection_watches_no_more_than_it_may() {
    let mut settings = Settings::default();
    settings.stream_subscriptions = 2;
    let stage = Stage::in_memory(settings).await;
    let mut guest = stage.watching(group()).await;

    guest.join(group(), "2", None).await.unwrap();
    let refused = guest.join(Room::group("feed", "h"), "3", None).await.unwrap_err();
    guest.leave(&group(), "1");
    guest.join(Room::group("feed", "h"), "3", None).await.unwrap();

    assert!(matches!(refused, Refusal::TooMany(2)), "{refused}");
}
