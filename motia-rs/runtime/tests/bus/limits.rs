//! Limits that handlers ask for themselves, for each of whom they serve.

use std::sync::Arc;

use motia_core::{
    config::RateLimit,
    context::{Context, Limit, Run, StateGroup, Taken},
    trace::TraceContext,
};
use motia_runtime::Settings;
use tokio::time::sleep;

use super::{
    disk::Disk,
    stage::{Stage, secs},
};

const STARTS: Limit = Limit::new("starts", RateLimit::fixed_window(2, secs(60)));

fn handler(stage: &Stage) -> Context {
    let engine = stage.runtime.engine().clone();
    Context::new(Arc::new(Run::new(engine, "Start", TraceContext::root())))
}

#[tokio::test(start_paused = true)]
async fn each_user_has_two_starts_a_minute() {
    let stage = Stage::with([]).await;
    let ctx = handler(&stage);

    assert_eq!(ctx.take(STARTS, "ana").await.unwrap(), Taken::Granted { left: 1 });
    sleep(secs(10)).await;
    assert_eq!(ctx.take(STARTS, "ana").await.unwrap(), Taken::Granted { left: 0 });

    let refused = ctx.take(STARTS, "ana").await.unwrap();
    let Taken::Refused { retry_after } = refused else { panic!("{refused:?}") };
    assert_eq!(retry_after.as_secs_f64().round(), 50.0);
    assert_eq!(ctx.take(STARTS, "ben").await.unwrap(), Taken::Granted { left: 1 });
    sleep(retry_after).await;
    assert_eq!(ctx.take(STARTS, "ana").await.unwrap(), Taken::Granted { left: 1 });
}

#[tokio::test(start_paused = true)]
async fn many_at_once_are_granted_no_more_than_there_are() {
    let stage = Stage::with([]).await;
    let bucket = Limit::new("bucket", RateLimit::token_bucket(5, secs(10)));
    let asks = (0..50).map(|_| {
        let ctx = handler(&stage);
        async move { ctx.take(bucket, "all").await.unwrap() }
    });

    let taken = futures_util::future::join_all(asks).await;

    let granted = taken.iter().filter(|taken| matches!(taken, Taken::Granted { .. })).count();
    assert_eq!(granted, 5);
}

#[tokio::test(start_paused = true)]
async fn a_restart_gives_nobody_a_second_helping() {
    let disk = Disk::new();
    let (stage, process) = disk.start(Settings::default(), []).await;
    for _ in 0..2 {
        assert!(matches!(
            handler(&stage).take(STARTS, "ana").await.unwrap(),
            Taken::Granted { .. }
        ));
    }

    process.crash(stage).await;
    let (stage, _) = disk.start(Settings::default(), []).await;

    let again = handler(&stage).take(STARTS, "ana").await.unwrap();
    assert!(matches!(again, Taken::Refused { .. }), "{again:?}");
}

#[tokio::test(start_paused = true)]
async fn what_a_transaction_takes_is_used_up_with_it_or_not_at_all() {
    const NOTES: StateGroup<u32> = StateGroup::new("notes");
    let stage = Stage::with([]).await;
    let ctx = handler(&stage);
    let mut dropped = ctx.transaction();
    assert_eq!(dropped.take(STARTS, "ana").await.unwrap(), Taken::Granted { left: 1 });
    drop(dropped);

    let mut first = ctx.transaction();
    assert_eq!(first.take(STARTS, "ana").await.unwrap(), Taken::Granted { left: 1 });
    first.set(NOTES, "ana", &1);
    let mut second = ctx.transaction();
    assert_eq!(second.take(STARTS, "ana").await.unwrap(), Taken::Granted { left: 1 });
    second.set(NOTES, "ana", &2);
    first.commit().await.unwrap();

    assert!(second.commit().await.unwrap_err().is_conflict());
    assert_eq!(ctx.state.get(NOTES, "ana").await.unwrap(), Some(1));
    assert_eq!(ctx.take(STARTS, "ana").await.unwrap(), Taken::Granted { left: 0 });
    let mut third = ctx.transaction();
    assert!(matches!(third.take(STARTS, "ana").await.unwrap(), Taken::Refused { .. }));
}
