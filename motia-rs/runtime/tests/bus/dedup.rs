//! Emits that happen once per key.

use futures_util::future::join_all;
use motia_core::{
    config::EventConfig,
    context::{Context, EmitOptions, Receipt, StateGroup},
};
use motia_runtime::Settings;
use tokio::time::sleep;

use super::{
    disk::Disk,
    stage::{Diary, Stage, Task, noting, secs},
};

const SEEN: StateGroup<i64> = StateGroup::new("seen");

#[tokio::test(flavor = "multi_thread")]
async fn of_many_emits_with_one_key_one_is_kept_and_all_get_its_receipt() {
    let diary = Diary::default();
    let stage = std::sync::Arc::new(Stage::with([noting(EventConfig::new("Step"), &diary)]).await);

    let emits = (0..32).map(|n| {
        let stage = stage.clone();
        stage.clone().runtime.tasks().handle().spawn(async move {
            stage.try_send(n, EmitOptions::new().dedup("order-1")).await.unwrap()
        })
    });
    let receipts: Vec<_> = join_all(emits).await.into_iter().map(Result::unwrap).collect();

    assert_eq!(receipts.iter().filter(|receipt| !receipt.duplicate).count(), 1);
    assert!(receipts.iter().all(|receipt| receipt.id == receipts[0].id));
    stage.quiet().await;
    assert_eq!(diary.read().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_key_is_free_again_when_its_window_is_over_and_not_before_also_across_a_restart() {
    let (diary, disk) = (Diary::default(), Disk::new());
    let begin = || [noting(EventConfig::new("Step"), &diary)];
    let (stage, process) = disk.start(Settings::default(), begin()).await;
    let once = || EmitOptions::new().dedup_for("order-1", secs(60));
    assert!(!stage.try_send(1, once()).await.unwrap().duplicate);
    sleep(secs(30)).await;

    process.crash(stage).await;
    let (stage, _) = disk.start(Settings::default(), begin()).await;
    assert!(stage.try_send(2, once()).await.unwrap().duplicate);
    assert!(!stage.try_send(3, EmitOptions::new().dedup("order-2")).await.unwrap().duplicate);
    sleep(secs(31)).await;
    assert!(!stage.try_send(4, once()).await.unwrap().duplicate);

    stage.empty().await;
    assert_eq!(diary.read(), ["1", "3", "4"]);
}

#[tokio::test(start_paused = true)]
async fn a_transaction_leaves_out_what_was_emitted_before_and_writes_everything_else() {
    let (diary, told) = (Diary::default(), Diary::default());
    let notes = told.clone();
    // It emits tasks 10, 11 and 12; task 11 has the key of the second emit of 10.
    let emits = EventConfig::<Task, (Task,)>::new("Emits").when(|task: &Task| task.n < 10).bind(
        move |task: Task, ctx: Context<(Task,)>| {
            let notes = notes.clone();
            async move {
                let mut tx = ctx.transaction();
                tx.increment(SEEN, "count", 1);
                for (n, key) in [(10, "a"), (11, "a"), (12, "b")] {
                    tx.emit_with(Task { n }, EmitOptions::new().dedup(key));
                }
                let receipts = tx.commit_and_ack().await?;
                notes.note(format!("{}: {}", task.n, shown(&receipts)));
                Ok(())
            }
        },
    );
    let noting = noting(EventConfig::new("Notes").when(|task: &Task| task.n >= 10), &diary);
    let stage = Stage::with([emits, noting]).await;

    stage.emit(1).await;
    stage.empty().await;
    stage.try_send(20, EmitOptions::new().dedup("c")).await.unwrap();
    stage.emit(2).await;
    stage.empty().await;

    assert_eq!(diary.read(), ["10", "12", "20"]);
    let told = told.read();
    assert_eq!(told, ["1: new, again, new", "2: again, again, again"]);
}

fn shown(receipts: &[Receipt]) -> String {
    let shown = receipts.iter().map(|receipt| if receipt.duplicate { "again" } else { "new" });
    shown.collect::<Vec<_>>().join(", ")
}

#[tokio::test(start_paused = true)]
async fn who_comes_later_gets_the_receipt_of_the_first_although_the_queue_is_full_by_then() {
    let diary = Diary::default();
    let stage = Stage::with([noting(EventConfig::new("Step").max_depth(1), &diary)]).await;
    stage.runtime.bus().pause("Step", "the test").await.unwrap();
    let first = stage.try_send(1, EmitOptions::new().dedup("order-1")).await.unwrap();

    let again = stage.try_send(1, EmitOptions::new().dedup("order-1")).await.unwrap();
    let another = stage.try_send(2, EmitOptions::new().dedup("order-2")).await;

    assert_eq!((again.id, again.duplicate), (first.id, true));
    assert!(another.is_err_and(|refused| refused.retry_after().is_some()));
}
