//! Who may watch, and who is told of it.

use std::sync::Arc;

use motia_core::{
    context::{Context, StateGroup},
    error::{StepError, StepResult},
    registry::StreamDef,
    watch::Visit,
};
use motia_runtime::{
    Settings,
    hub::{guest::Refusal, room::Room},
};
use motia_store::MemoryStore;
use serde_json::json;

use super::stage::{FEED, Stage, group, next};

const VISITS: StateGroup<i64> = StateGroup::new("visits");

async fn own_group(visit: Visit, _: Context) -> StepResult<bool> {
    match visit.auth::<String>().as_deref() {
        Some("broken") => Err(StepError::fatal("nobody knows")),
        Some("mad") => panic!("no"),
        known => Ok(known == Some(&*visit.group)),
    }
}

async fn came(visit: Visit, ctx: Context) -> StepResult {
    ctx.state.increment(VISITS, &visit.group, 1).await?;
    Ok(())
}

async fn went(visit: Visit, ctx: Context) -> StepResult {
    ctx.state.increment(VISITS, &visit.group, -1).await?;
    Ok(())
}

async fn stage(feed: StreamDef) -> Stage {
    Stage::over(Arc::new(MemoryStore::new()), Settings::default(), feed).await
}

#[tokio::test]
async fn the_app_says_who_may_watch_what() {
    let stage = stage(FEED.access(own_group)).await;
    let mut known = stage.runtime.door().enter(Some(json!("g")));

    known.join(group(), "1", None).await.unwrap();
    known.join(Room::item("feed", "g", "a"), "2", None).await.unwrap();

    let elsewhere = known.join(Room::item("feed", "h", "a"), "3", None).await.unwrap_err();
    assert!(matches!(elsewhere, Refusal::Denied));
    for who in [None, Some(json!("x")), Some(json!("broken")), Some(json!("mad")), Some(json!(7))] {
        let mut guest = stage.runtime.door().enter(who.clone());
        let refused = guest.join(group(), "1", None).await.unwrap_err();
        assert!(matches!(refused, Refusal::Denied), "{who:?}: {refused}");
    }
}

#[tokio::test]
async fn a_stream_that_is_not_registered_is_not_there() {
    let stage = stage(FEED.describe()).await;

    let refused = stage.guest().join(Room::group("nope", "g"), "1", None).await.unwrap_err();

    assert_eq!(
        (refused.code(), refused.to_string().as_str()),
        ("STREAM_NOT_FOUND", "Stream nope not found")
    );
}

#[tokio::test]
async fn the_app_is_told_of_each_coming_and_of_each_going_once() {
    let stage = stage(FEED.on_join(came).on_leave(went)).await;
    let run = motia_core::context::Run::new(
        stage.runtime.engine().clone(),
        "Test",
        motia_core::trace::TraceContext::root(),
    );
    let ctx: Context = Context::new(Arc::new(run));
    let present = async || ctx.state.get(VISITS, "g").await.unwrap();

    let mut one = stage.watching(group()).await;
    one.join(group(), "again", None).await.unwrap();
    let mut other = stage.watching(group()).await;
    next(&mut other).await;
    assert_eq!(present().await, Some(2));

    one.leave(&group(), "again");
    one.leave(&group(), "1");
    one.leave(&group(), "1");
    drop(one);
    drop(other);
    stage.runtime.stop_taking();
    stage.runtime.tasks().ended().await;

    assert_eq!(present().await, Some(0));
}
