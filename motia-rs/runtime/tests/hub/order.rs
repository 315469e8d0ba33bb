//! What is shown is what is kept, in the order in which it was.

use std::sync::Arc;

use motia_core::{
    context::{Context, Run, StateError, Streams},
    store::{What, change::watched},
    trace::TraceContext,
};
use motia_runtime::{
    Settings,
    hub::room::{Room, Shown},
};

use super::stage::{FEED, Screen, Stage, assert_silent, group, next};

const WRITERS: u64 = 4;
const TURNS: u64 = 60;

/// Sets, changes and deletes a few items over and over.
async fn write(streams: Streams, writer: u64) {
    for turn in 0..TURNS {
        let id = format!("{}", (turn * 7 + writer) % 5);
        match turn % 4 {
            0 | 1 => streams.set(FEED, "g", &id, &(writer * 1000 + turn)).await.unwrap(),
            2 => drop(streams.update(FEED, "g", &id, |it| it.unwrap_or(0) + 1).await.unwrap()),
            _ => drop(streams.delete(FEED, "g", &id).await.unwrap()),
        }
        tokio::task::yield_now().await;
    }
}

async fn screens_end_up_as_the_store(stage: &Stage) {
    for round in 0..8 {
        let writers: Vec<_> = (0..WRITERS)
            .map(|it| stage.runtime.tasks().handle().spawn(write(stage.streams.clone(), it)))
            .collect();
        // Some come at once, some in the midst of it.
        let readers = (0..4).map(|reader| {
            let mut guest = stage.guest();
            stage.runtime.tasks().handle().spawn(async move {
                for _ in 0..reader * 10 {
                    tokio::task::yield_now().await;
                }
                guest.join(group(), "1", None).await.unwrap();
                let mut screen = Screen::default();
                while screen.items.get("last") != Some(&round) {
                    screen.show(next(&mut guest).await);
                }
                screen
            })
        });
        let readers: Vec<_> = readers.collect();
        for writer in writers {
            writer.await.unwrap();
        }
        stage.set("last", round).await;

        let kept = stage.kept().await;
        for reader in readers {
            let screen = reader.await.unwrap();
            assert_eq!(screen.items, kept, "in round {round}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn whoever_comes_while_others_write_ends_up_with_what_is_kept() {
    screens_end_up_as_the_store(&Stage::in_memory(Settings::default()).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn it_is_the_same_over_a_file() {
    screens_end_up_as_the_store(&Stage::on_disk(Settings::default()).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn it_is_the_same_for_those_that_fall_behind_all_the_time() {
    let mut settings = Settings::default();
    settings.stream_buffer = 2;
    let stage = Stage::on_disk(settings).await;

    screens_end_up_as_the_store(&stage).await;

    assert!(stage.metric("motia_stream_resyncs_total") > 0.0);
}

#[tokio::test]
async fn a_change_is_shown_when_it_is_kept_and_never_before() {
    let stage = Stage::in_memory(Settings::default()).await;
    let mut guest = stage.watching(group()).await;
    next(&mut guest).await;
    let run = Run::new(stage.runtime.engine().clone(), "Test", TraceContext::root());
    let ctx: Context = Context::new(Arc::new(run));

    let mut tx = ctx.transaction();
    tx.stream_set(FEED, "g", "a", &1);
    tx.stream_send(FEED, "g", "bell", &"ding");
    assert_silent(&mut guest).await;
    tx.commit().await.unwrap();

    let Shown::Change(told) = next(&mut guest).await else { panic!("a change") };
    assert!(matches!(told.change.what, What::Created(_)));
    let Shown::Change(told) = next(&mut guest).await else { panic!("a change") };
    assert_eq!(told.shown().as_str(), r#"{"type":"bell","data":"ding"}"#);
}

#[tokio::test]
async fn a_transaction_that_is_refused_shows_nothing() {
    let stage = Stage::in_memory(Settings::default()).await;
    let mut guest = stage.watching(group()).await;
    next(&mut guest).await;
    let run = Run::new(stage.runtime.engine().clone(), "Test", TraceContext::root());
    let ctx: Context = Context::new(Arc::new(run));

    let mut tx = ctx.transaction();
    assert_eq!(tx.stream_get(FEED, "g", "a").await.unwrap(), None);
    tx.stream_set(FEED, "g", "a", &1);
    stage.set("a", 2).await;
    tx.commit().await.unwrap_err();

    let mut screen = Screen::default();
    screen.show(next(&mut guest).await);
    assert_eq!(screen.items["a"], 2);
    assert_silent(&mut guest).await;
}

#[tokio::test]
async fn an_item_is_watched_alone_and_in_its_own_group() {
    let stage = Stage::in_memory(Settings::default()).await;
    let mut guest = stage.watching(Room::item("feed", "g", "a")).await;
    assert!(matches!(next(&mut guest).await, Shown::Sync { items, .. } if items.is_empty()));

    stage.set("b", 1).await;
    stage.streams.set(FEED, "other", "a", &2).await.unwrap();
    stage.streams.send(FEED, "g", "bell", &()).await.unwrap();
    stage.streams.send(FEED, "g", "knock", &()).about("a").await.unwrap();
    stage.set("a", 3).await;

    let Shown::Change(knock) = next(&mut guest).await else { panic!("a change") };
    assert_eq!(knock.shown().as_str(), r#"{"type":"knock","data":null}"#);
    let Shown::Change(set) = next(&mut guest).await else { panic!("a change") };
    assert_eq!((set.change.key.as_deref(), set.shown().as_str()), (Some("a"), "3"));
    assert_silent(&mut guest).await;
}

#[tokio::test]
async fn rooms_of_one_group_never_show_an_item_older_than_it_was() {
    let stage = Stage::in_memory(Settings::default()).await;
    let mut guest = stage.watching(group()).await;
    next(&mut guest).await;

    // What waits to be shown in the group is older than what the item is shown with.
    stage.set("a", 1).await;
    stage.set("a", 2).await;
    guest.join(Room::item("feed", "g", "a"), "2", None).await.unwrap();
    stage.set("a", 3).await;

    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(match next(&mut guest).await {
            Shown::Sync { room, items, .. } => (room.id.is_some(), items[0].1.to_value()),
            Shown::Change(told) => (true, told.shown().to_value()),
        });
    }
    assert_eq!(seen, [(true, 2.into()), (false, 2.into()), (true, 3.into())]);
    assert_silent(&mut guest).await;
}

#[tokio::test]
async fn a_room_that_was_left_is_not_shown() {
    let stage = Stage::in_memory(Settings::default()).await;
    let mut guest = stage.watching(group()).await;
    guest.join(group(), "2", None).await.unwrap();
    guest.leave(&group(), "1");
    let mut screen = Screen::default();
    stage.set("a", 1).await;
    while screen.items.is_empty() {
        screen.show(next(&mut guest).await);
    }

    guest.leave(&group(), "2");
    stage.set("a", 2).await;

    assert_silent(&mut guest).await;
    assert_eq!(stage.metric("motia_stream_subscriptions"), 0.0);
    drop(guest);
    assert_eq!(stage.metric("motia_stream_connections"), 0.0);
}

#[tokio::test]
async fn what_ends_goes_from_the_screen_when_it_is_swept_away() {
    tokio::time::pause();
    let stage = Stage::in_memory(Settings::default()).await;
    let ttl = std::time::Duration::from_millis(1);
    stage.streams.set(FEED, "g", "a", &1).ttl(ttl).await.unwrap();
    let mut guest = stage.watching(group()).await;
    let mut screen = Screen::default();
    screen.show(next(&mut guest).await);

    let swept = tokio::time::timeout(std::time::Duration::from_secs(70), guest.next()).await;
    screen.show(swept.unwrap().unwrap());

    assert!(screen.items.is_empty());
}

#[tokio::test]
async fn an_item_that_breaks_the_schema_is_refused_with_every_violation() {
    #[derive(Debug, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
    struct Order {
        #[schemars(length(min = 3))]
        name: String,
        #[schemars(range(max = 9))]
        count: u64,
    }
    const ORDERS: motia_core::context::Stream<Order> = motia_core::context::Stream::new("feed");
    let store = Arc::new(motia_store::MemoryStore::new());
    let stage = Stage::over(store, Settings::default(), ORDERS.describe()).await;
    let good = || Order { name: "tea".into(), count: 9 };
    let bad = || Order { name: "t".into(), count: 10 };

    stage.streams.set(ORDERS, "g", "a", &good()).await.unwrap();
    let set = stage.streams.set(ORDERS, "g", "a", &bad()).await.unwrap_err();
    let update = stage.streams.update(ORDERS, "g", "a", |_| bad()).await.unwrap_err();

    for refused in [set, update] {
        assert!(!refused.is_transient());
        let StateError::Refused { violations, .. } = refused else { panic!("{refused}") };
        let pointers: Vec<_> = violations.iter().map(|it| it.pointer.as_str()).collect();
        assert_eq!(pointers, ["/count", "/name"]);
    }
    let kept =
        stage.store.get(&watched("feed", "g"), "a", stage.runtime.engine().now()).await.unwrap();
    assert!(kept.unwrap().value.as_str().contains("tea"));
}
