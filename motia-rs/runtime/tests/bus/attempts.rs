//! What happens when a handler fails.

use std::{sync::Arc, time::Duration};

use motia_core::{
    config::{EventConfig, Retry},
    context::Context,
    error::{StepError, StepResult},
    registry::Definition,
    store::{Batch, Commit, Decorate, DeliveryId, PageRequest, Store, Token, WaitingFilter, Write},
};
use motia_runtime::{Settings, clock::TokioClock};
use motia_store::MemoryStore;

use super::{
    disk::Disk,
    stage::{Diary, START, Stage, Task, hundred, leave, leave_text, step},
};

const THRICE: EventConfig<Task> =
    EventConfig::new("Thrice").retry(Retry::exponential(3, Duration::from_secs(10)).jitter(0));

#[tokio::test(start_paused = true)]
async fn a_failed_attempt_is_made_again_after_its_delay() {
    let diary = Diary::default();
    let notes = diary.clone();
    let fails_twice = step(THRICE, move |_: Task, ctx: Context| {
        let seconds = ctx.now().duration_since(START).as_secs();
        notes.note(format!("attempt {} at {seconds} s", ctx.attempt()));
        async move {
            if ctx.attempt() < 3 {
                return Err(StepError::retry("not yet"));
            }
            Ok(())
        }
    });
    let stage = Stage::with([fails_twice]).await;

    stage.emit(1).await;
    stage.empty().await;

    assert_eq!(diary.read(), ["attempt 1 at 0 s", "attempt 2 at 10 s", "attempt 3 at 30 s"]);
    assert!(stage.dead_letters().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn after_the_last_attempt_it_goes_to_the_dead_letters_with_all_its_failures() {
    let always = step(THRICE, |_: Task, _| async { Err(StepError::retry("the bank is closed")) });
    let stage = Stage::with([always]).await;

    let event = stage.emit(1).await;
    stage.empty().await;

    let letters = stage.dead_letters().await;
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].event.id, event);
    assert_eq!(letters[0].attempts, 3);
    assert_eq!(letters[0].reason, "failed 3 times: the bank is closed");
    assert_eq!(letters[0].failures.iter().map(|f| f.attempt).collect::<Vec<_>>(), [1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_helped_is_not_tried_again() {
    let fatal = step(THRICE, |_: Task, _| async { Err(StepError::fatal("no such account")) });
    let stage = Stage::with([fatal]).await;

    stage.emit(1).await;
    stage.quiet().await;

    assert_eq!(stage.dead_letters().await[0].reason, "fatal: no such account");
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_asks_for_time_gets_at_least_that() {
    let diary = Diary::default();
    let notes = diary.clone();
    let patient = step(THRICE, move |_: Task, ctx: Context| {
        notes.note(ctx.now().duration_since(START).as_secs().to_string());
        async move {
            match ctx.attempt() {
                1 => Err(StepError::retry_after(Duration::from_secs(60), "too many")),
                _ => Ok(()),
            }
        }
    });
    let stage = Stage::with([patient]).await;

    stage.emit(1).await;
    stage.empty().await;

    assert_eq!(diary.read(), ["0", "60"]);
}

#[tokio::test(start_paused = true)]
async fn a_panic_counts_as_a_failure_and_hurts_nobody_else() {
    let panics = step(THRICE, |task: Task, _| {
        assert!(task.n != 1, "number one, before the first await");
        async move {
            tokio::task::yield_now().await;
            assert!(task.n != 2, "number two, behind it");
            Ok(())
        }
    });
    let stage = Stage::with([panics]).await;

    for n in 1..=3 {
        stage.emit(n).await;
    }
    stage.empty().await;

    let reasons: Vec<_> = stage.dead_letters().await.into_iter().map(|l| l.reason).collect();
    assert_eq!(reasons.len(), 2, "{reasons:?}");
    assert!(reasons[0].contains("panicked: number one"), "{reasons:?}");
    assert!(reasons[1].contains("panicked: number two"), "{reasons:?}");
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_takes_too_long_is_ended_and_its_slot_is_free() {
    let diary = Diary::default();
    let notes = diary.clone();
    let config = EventConfig::new("Slow")
        .concurrency(1)
        .retry(Retry::never())
        .timeout(Duration::from_secs(5));
    let slow = step(config, move |task: Task, _| {
        let notes = notes.clone();
        async move {
            if task.n == 1 {
                tokio::time::sleep(Duration::from_secs(3600)).await;
            }
            notes.note(task.n.to_string());
            Ok(())
        }
    });
    let stage = Stage::with([slow]).await;

    stage.emit(1).await;
    stage.emit(2).await;
    stage.empty().await;

    assert_eq!(diary.read(), ["2"]);
    assert!(stage.dead_letters().await[0].reason.contains("longer than its timeout of 5s"));
}

#[tokio::test(start_paused = true)]
async fn an_event_that_ends_the_process_each_time_is_given_up() {
    // Given a delivery whose three attempts were begun and never settled, as three crashes leave it.
    let store: Arc<MemoryStore> = Arc::default();
    let queue = leave(&store, "Thrice", 1).await;
    let delivery = DeliveryId { queue, seq: 1 };
    let start = Write::Start { delivery, attempt: 3, token: Token(3) };
    store.commit(Batch::of(start)).await.unwrap();

    // When the app starts again.
    let diary = Diary::default();
    let notes = diary.clone();
    let kills = step(THRICE, move |_: Task, _| {
        notes.note("ran a fourth time");
        async { Ok(()) }
    });
    let stage = Stage::over(store, Settings::default(), [kills]).await;
    stage.quiet().await;

    // Then it is not run again, and says why.
    assert_eq!(diary.read(), Vec::<String>::new());
    let reason = &stage.dead_letters().await[0].reason;
    assert!(reason.contains("the process ended during attempt 3"), "{reason}");
    assert_eq!(stage.runtime.metrics().possible_duplicates.get(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_result_that_comes_too_late_is_refused_and_counted() {
    let store: Arc<MemoryStore> = Arc::default();
    let shared = store.clone();
    let overtaken = step(THRICE, move |_: Task, ctx: Context| {
        let store = shared.clone();
        async move {
            // Somebody else starts a later attempt while this one runs.
            let waiting = WaitingFilter::default();
            let waiting = store.waiting(&waiting, PageRequest::default()).await.unwrap();
            let delivery = waiting.items[0].id;
            let token = Token(ctx.fencing_token() + 1);
            let start = Write::Start { delivery, attempt: 2, token };
            store.commit(Batch::of(start)).await.unwrap();
            Ok(())
        }
    });
    let stage = Stage::over(store, Settings::default(), [overtaken]).await;

    stage.emit(1).await;
    stage.quiet().await;

    assert_eq!(stage.runtime.metrics().possible_duplicates.get(), 1);
    assert_eq!(stage.depths().await[0].waiting, 1, "the later attempt's delivery is still there");
}

#[tokio::test(start_paused = true)]
async fn a_redriven_letter_is_delivered_again_with_all_its_attempts() {
    let diary = Diary::default();
    let notes = diary.clone();
    let config = THRICE.retry(Retry::never());
    let flaky = step(config, move |_: Task, ctx: Context| {
        notes.note(format!("attempt {}", ctx.attempt()));
        let first = notes.read().len() == 1;
        async move { if first { Err(StepError::fatal("once")) } else { Ok(()) } }
    });
    let stage = Stage::with([flaky]).await;
    stage.emit(1).await;
    stage.quiet().await;
    let delivery = stage.dead_letters().await[0].id;

    let redrive = Write::Redrive { delivery, now: stage.runtime.engine().now() };
    stage.runtime.store().commit(Batch::of(redrive)).await.unwrap();
    stage.empty().await;

    assert_eq!(diary.read(), ["attempt 1", "attempt 1"]);
    assert!(stage.dead_letters().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_was_emitted_in_order_is_tried_again_by_a_step_that_has_no_key_any_more() {
    // Given an event of an app whose step still handled them in order.
    let store: Arc<MemoryStore> = Arc::default();
    leave_text(&store, "Thrice", r#"{"n":1}"#, Some("key")).await;
    let diary = Diary::default();
    let notes = diary.clone();
    let fails_once = step(THRICE, move |_: Task, ctx: Context| {
        notes.note(format!("attempt {}", ctx.attempt()));
        async move { if ctx.attempt() < 2 { Err(StepError::retry("not yet")) } else { Ok(()) } }
    });

    // When it fails once.
    let stage = Stage::over(store, Settings::default(), [fails_once]).await;
    stage.empty().await;

    // Then it is tried again.
    assert_eq!(diary.read(), ["attempt 1", "attempt 2"]);
}

#[tokio::test(start_paused = true)]
async fn an_event_of_which_more_attempts_were_made_than_there_are_now_says_how_it_failed() {
    let (diary, disk) = (Diary::default(), Disk::new());
    let begin = |attempts| {
        let retry = Retry::fixed(attempts, Duration::from_secs(60));
        let diary = diary.clone();
        step(THRICE.retry(retry), move |_: Task, ctx: Context| {
            diary.note(ctx.attempt().to_string());
            async { Err(StepError::retry("the bank is closed")) }
        })
    };
    let (stage, _) = disk.start(Settings::default(), [begin(5)]).await;
    stage.emit(1).await;
    // The third is settled: virtual time does not wait for the disk.
    while !stage.waiting().await.iter().any(|it| it.attempts == 3 && it.due > Some(stage.now())) {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    stage.runtime.shutdown().await.unwrap();

    let (stage, _) = disk.start(Settings::default(), [begin(2)]).await;
    stage.empty().await;

    assert_eq!(diary.read(), ["1", "2", "3"]);
    let reason = &stage.dead_letters().await[0].reason;
    assert_eq!(reason, "failed 3 times, and no more are made: the bank is closed");
}

#[tokio::test(start_paused = true)]
async fn what_a_process_may_have_begun_says_so_also_where_the_clock_was_set_back_since() {
    let (diary, disk) = (Diary::default(), Disk::new());
    let begin = || {
        let diary = diary.clone();
        step(THRICE, move |_: Task, ctx: Context| {
            diary.note(ctx.possible_duplicate().to_string());
            async { Ok(()) }
        })
    };
    tokio::time::sleep(Duration::from_secs(3600)).await;
    let (stage, process) = disk.start(Settings::default(), [begin()]).await;
    stage.runtime.bus().pause("Thrice", "the test").await.unwrap();
    stage.emit(1).await;
    process.crash(stage).await;

    let set_back = TokioClock::starting_at(START);
    let (stage, _) = disk.start_at(set_back, Settings::default(), [begin()]).await;
    stage.runtime.bus().resume("Thrice").await.unwrap();
    stage.empty().await;

    assert_eq!(diary.read(), ["true"]);
}

#[tokio::test(start_paused = true)]
async fn the_first_of_each_key_that_a_process_may_have_begun_says_so() {
    let (diary, disk) = (Diary::default(), Disk::new());
    let begin = || {
        let diary = diary.clone();
        step(THRICE.fifo(hundred), move |task: Task, ctx: Context| {
            diary.note(format!("{} {}", task.n, ctx.possible_duplicate()));
            async { Ok(()) }
        })
    };
    let (stage, process) = disk.start(Settings::default(), [begin()]).await;
    stage.runtime.bus().pause("Thrice", "the test").await.unwrap();
    for n in [1, 2, 101] {
        stage.emit(n).await;
    }
    process.crash(stage).await;

    let (stage, _) = disk.start(Settings::default(), [begin()]).await;
    stage.runtime.bus().resume("Thrice").await.unwrap();
    stage.empty().await;

    let mut notes = diary.read();
    notes.sort();
    assert_eq!(notes, ["1 true", "101 true", "2 false"]);
}

/// Notes the starts that are recorded.
struct Recording(Arc<MemoryStore>, Diary);

impl Decorate for Recording {
    fn inner(&self) -> &dyn Store {
        &*self.0
    }

    fn commit(&self, batch: Batch) -> Commit {
        if batch.writes.iter().any(|write| matches!(write, Write::Start { .. })) {
            self.1.note("recorded");
        }
        self.0.commit(batch)
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_process_before_may_have_died_of_is_counted_before_it_starts() {
    let (diary, store) = (Diary::default(), Arc::<MemoryStore>::default());
    leave(&store, "Thrice", 1).await;
    let notes = diary.clone();
    let handles = step(THRICE, move |_: Task, _| {
        notes.note("begun");
        async { Ok(()) }
    });

    let store = Arc::new(Recording(store, diary.clone()));
    Stage::over(store, Settings::default(), [handles]).await.quiet().await;

    assert_eq!(diary.read(), ["recorded", "begun"]);
}

/// Notes of each attempt whether it may be a second one, and works as long as `work` says.
fn telling<F, Fut>(config: EventConfig<Task>, diary: &Diary, work: F) -> Definition
where
    F: Fn(Context) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = StepResult> + Send + 'static,
{
    let diary = diary.clone();
    step(config, move |_: Task, ctx: Context| {
        diary.note(format!("attempt {} {}", ctx.attempt(), ctx.possible_duplicate()));
        work(ctx)
    })
}

#[tokio::test(start_paused = true)]
async fn what_outlasts_the_drain_may_be_a_duplicate_the_next_time() {
    let (diary, disk) = (Diary::default(), Disk::new());
    let endless = telling(THRICE, &diary, |_| std::future::pending());
    let (stage, _) = disk.start(Settings::default(), [endless]).await;
    stage.emit(1).await;
    tokio::time::sleep(Duration::from_secs(30)).await;
    stage.runtime.shutdown().await.unwrap();

    let works = telling(THRICE, &diary, |_| async { Ok(()) });
    let (stage, _) = disk.start(Settings::default(), [works]).await;
    stage.empty().await;

    assert_eq!(diary.read(), ["attempt 1 false", "attempt 1 true"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_redriven_or_was_postponed_may_be_a_duplicate() {
    let diary = Diary::default();
    let notes = diary.clone();
    let moody = telling(THRICE.retry(Retry::never()), &diary, move |_| {
        let attempts = notes.read().len();
        async move {
            match attempts {
                1 => Err(StepError::postpone(Duration::from_secs(60), "not now")),
                2 => Err(StepError::fatal("no")),
                _ => Ok(()),
            }
        }
    });
    let stage = Stage::with([moody]).await;
    stage.emit(1).await;
    stage.empty().await;

    stage.redrive(stage.dead_letters().await[0].id).await;
    stage.empty().await;

    assert_eq!(diary.read(), ["attempt 1 false", "attempt 1 true", "attempt 1 true"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_held_before_its_handler_began_is_no_duplicate_once_it_is_released() {
    let (diary, disk) = (Diary::default(), Disk::new());
    let text = r#"{"n":"one"}"#;
    leave_text(&disk.kept, "Thrice", text, None).await;
    let works = || telling(THRICE, &diary, |_| async { Ok(()) });
    let (stage, _) = disk.start(Settings::default(), [works()]).await;
    stage.quiet().await;
    let waiting = stage.waiting().await;
    assert_eq!((waiting.len(), waiting[0].due), (1, Some(jiff::Timestamp::MAX)));

    assert!(!waiting[0].begun);
    assert_eq!(diary.read(), Vec::<String>::new());
}
