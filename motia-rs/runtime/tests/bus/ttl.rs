//! Events that are not worth starting any more.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use motia_core::{
    config::{EventConfig, RateLimit},
    context::{EmitError, EmitOptions},
    error::StepError,
    store::{Batch, Commit, Decorate, Ending, Store, Write},
};
use motia_runtime::bus::reason::Explanation;
use motia_store::MemoryStore;
use tokio::time::sleep;

use super::stage::{Diary, Stage, Task, hundred, millis, noting, numbers, secs, window};

const STEP: EventConfig<Task> = EventConfig::new("Step");

async fn paused(config: EventConfig<Task>, diary: &Diary) -> Stage {
    let stage = Stage::with([noting(config, diary)]).await;
    stage.runtime.bus().pause("Step", "the test").await.unwrap();
    stage
}

#[tokio::test(start_paused = true)]
async fn an_event_that_is_too_old_ends_as_expired_the_shorter_time_holds() {
    let diary = Diary::default();
    let stage = paused(STEP.ttl(secs(60)), &diary).await;
    let old = stage.send(1, EmitOptions::new()).await;
    sleep(secs(61)).await;
    stage.send(2, EmitOptions::new().ttl(secs(10))).await;
    stage.send(3, EmitOptions::new().ttl(secs(3600))).await;
    sleep(secs(11)).await;

    stage.runtime.bus().resume("Step").await.unwrap();
    stage.empty().await;

    assert_eq!(diary.read(), ["3"]);
    let ended = stage.ended().await;
    assert_eq!(ended.len(), 2);
    assert!(ended.iter().all(|ended| ended.ending == Ending::Expired && ended.attempts == 0));
    assert!(matches!(stage.explain(old).await, Explanation::Ended { .. }));
}

#[tokio::test(start_paused = true)]
async fn what_has_expired_uses_up_nothing_of_the_rate() {
    let keyed = STEP.key(hundred).rate_limit_per_key(RateLimit::every(secs(60)));
    for config in [STEP.throttle(secs(60)), keyed] {
        let diary = Diary::default();
        let stage = paused(config.ttl(secs(1)), &diary).await;
        for n in 0..50 {
            stage.emit(n).await;
        }
        sleep(secs(2)).await;
        stage.emit(99).await;

        stage.runtime.bus().resume("Step").await.unwrap();
        sleep(millis(100)).await;

        assert_eq!(diary.read(), ["99"]);
        assert_eq!(stage.ended().await.len(), 50);
    }
}

#[tokio::test(start_paused = true)]
async fn those_behind_an_expired_event_of_their_key_are_handled_in_order() {
    let diary = Diary::default();
    let stage = paused(STEP.fifo(hundred), &diary).await;
    for n in 0..6 {
        let options = EmitOptions::new();
        stage.send(n, if n % 2 == 0 { options.ttl(secs(1)) } else { options }).await;
    }
    sleep(secs(2)).await;

    stage.runtime.bus().resume("Step").await.unwrap();
    stage.empty().await;

    assert_eq!(diary.read(), numbers([1, 3, 5]));
}

#[tokio::test(start_paused = true)]
async fn a_delayed_event_that_has_expired_is_forgotten_for_good() {
    let diary = Diary::default();
    let stage = Stage::with([noting(STEP.delay(secs(60)), &diary)]).await;
    stage.send(1, EmitOptions::new().ttl(secs(10))).await;

    stage.empty().await;
    stage.quiet().await;

    assert_eq!(diary.read(), Vec::<String>::new());
    assert_eq!(stage.ended().await.len(), 1);
}

/// Takes a while over the end of a delivery, and counts how many of them are under way at once.
#[derive(Default)]
struct Slow {
    kept: MemoryStore,
    under_way: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

impl Decorate for Slow {
    fn inner(&self) -> &dyn Store {
        &self.kept
    }

    fn commit(&self, batch: Batch) -> Commit {
        let (commit, is_end) = match batch.writes[..] {
            [Write::End { .. }] => (self.kept.commit(batch), true),
            _ => (self.kept.commit(batch), false),
        };
        if !is_end {
            return commit;
        }
        let (under_way, most) = (self.under_way.clone(), self.most.clone());
        most.fetch_max(under_way.fetch_add(1, SeqCst) + 1, SeqCst);
        Commit::boxed(async move {
            sleep(millis(10)).await;
            under_way.fetch_sub(1, SeqCst);
            commit.await
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_backlog_that_has_expired_does_not_come_into_memory_all_at_once() {
    for config in [STEP, STEP.key(hundred), STEP.fifo(hundred)] {
        let (diary, store) = (Diary::default(), Arc::new(Slow::default()));
        let most = store.most.clone();
        let stage = Stage::over(store, window(8), [noting(config.ttl(secs(1)), &diary)]).await;
        stage.runtime.bus().pause("Step", "the test").await.unwrap();
        for n in 0..500 {
            stage.emit(n).await;
        }
        sleep(secs(2)).await;

        stage.runtime.bus().resume("Step").await.unwrap();
        stage.empty().await;

        assert_eq!(diary.read(), Vec::<String>::new());
        assert!(most.load(SeqCst) <= 3 * 8, "{} at once", most.load(SeqCst));
    }
}

#[tokio::test(start_paused = true)]
async fn what_would_have_expired_before_it_may_start_is_refused() {
    let diary = Diary::default();
    let stage = Stage::with([noting(STEP, &diary)]).await;
    let now = stage.now();
    for options in [
        EmitOptions::new().ttl(secs(0)),
        EmitOptions::new().delay(secs(60)).ttl(secs(60)),
        EmitOptions::new().at(now + secs(61)).ttl(secs(60)),
    ] {
        let refused = stage.try_send(1, options).await.unwrap_err();
        assert!(matches!(refused, EmitError::NeverStarts { .. }), "{refused}");
        assert!(StepError::from(refused).is_fatal());
    }

    stage.send(1, EmitOptions::new().delay(secs(60)).ttl(secs(61))).await;
    stage.send(2, EmitOptions::new().at(now).ttl(secs(1))).await;
    stage.empty().await;

    assert_eq!(diary.read(), ["2", "1"]);
}
