//! Steps with keys that are in no order.

use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use motia_core::{
    config::{EventConfig, RateLimit, Retry},
    context::{Context, EmitOptions},
    error::{StepError, StepResult},
};
use motia_runtime::bus::reason::Reason;
use motia_store::MemoryStore;
use parking_lot::Mutex;
use tokio::time::{Instant, sleep};

use super::stage::{Diary, Stage, Task, hundred, millis, noting, secs, step, window};

const KEYED: EventConfig<Task> = EventConfig::new("Step").key(hundred);

#[tokio::test(start_paused = true)]
async fn a_key_of_which_thousands_wait_is_drained_and_starves_no_other() {
    // Given a key with thousands of events, of which one runs at once and takes a while.
    let diary = Diary::default();
    let notes = diary.clone();
    let slow = step(KEYED.concurrency_per_key(1), move |task: Task, _| {
        let notes = notes.clone();
        async move {
            sleep(millis(10)).await;
            notes.note(if task.n < 100 { "hot" } else { "cold" });
            Ok(())
        }
    });
    let stage = Stage::over(Arc::new(MemoryStore::new()), window(64), [slow]).await;
    for n in 0..3_000 {
        stage.emit(n % 100).await;
    }

    // When others come.
    for key in 1..=50 {
        stage.emit(key * 100).await;
    }
    sleep(secs(1)).await;

    // Then they are done long before it is drained; and so it is.
    let cold = diary.read().iter().filter(|note| *note == "cold").count();
    assert_eq!(cold, 50);
    stage.empty().await;
    assert_eq!(diary.read().len(), 3_050);
}

#[tokio::test(start_paused = true)]
async fn no_more_of_a_key_run_at_once_than_may_and_as_many_as_may_do() {
    let running = Arc::new(Mutex::new(HashMap::<u64, (u32, u32)>::new()));
    let tally = running.clone();
    let slow = step(KEYED.concurrency_per_key(2).concurrency(6), move |task: Task, _| {
        let (tally, key) = (tally.clone(), task.n / 100);
        async move {
            {
                let mut tally = tally.lock();
                let (now, most) = tally.entry(key).or_default();
                *now += 1;
                *most = (*most).max(*now);
            }
            sleep(millis(5)).await;
            tally.lock().entry(key).or_default().0 -= 1;
            Ok(())
        }
    });
    let stage = Stage::over(Arc::new(MemoryStore::new()), window(8), [slow]).await;

    for n in 0..600 {
        stage.emit(n % 3 * 100).await;
    }
    stage.empty().await;

    let most: Vec<_> = running.lock().values().map(|(_, most)| *most).collect();
    assert_eq!(most, [2, 2, 2]);
}

#[tokio::test(start_paused = true)]
async fn events_of_one_key_run_at_once_where_nothing_is_said_of_it() {
    let slow = step(KEYED.concurrency(16), |_: Task, _| async {
        sleep(secs(60)).await;
        StepResult::Ok(())
    });
    let stage = Stage::with([slow]).await;

    for n in 0..16 {
        stage.emit(n).await;
    }
    sleep(secs(1)).await;

    assert_eq!(stage.runtime.bus().running().next(), Some(("Step", 16)));
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_busy_does_not_fill_the_memory() {
    let slow = |task: Task| async move {
        if task.n < 100 {
            sleep(secs(3600)).await;
        }
        Ok(())
    };
    let (diary, config) = (Diary::default(), KEYED.concurrency_per_key(1));
    let notes = diary.clone();
    let step = step(config, move |task: Task, _| {
        notes.note(task.n.to_string());
        slow(task)
    });
    let stage = Stage::over(Arc::new(MemoryStore::new()), window(4), [step]).await;

    // Given more busy keys than are held in memory, each with others that wait.
    for n in 0..100 {
        stage.send(n, EmitOptions::new().group((n % 10).to_string())).await;
    }
    sleep(secs(1)).await;
    stage.send(100, EmitOptions::new().group("another")).await;
    sleep(secs(1)).await;

    assert_eq!(diary.read().last().unwrap(), "100");
}

#[tokio::test(start_paused = true)]
async fn a_key_that_has_used_up_its_rate_holds_up_no_other_and_says_so() {
    let diary = Diary::default();
    let config = KEYED.rate_limit_per_key(RateLimit::token_bucket(1, secs(3600)));
    let stage =
        Stage::over(Arc::new(MemoryStore::new()), window(4), [noting(config, &diary)]).await;
    for n in 0..20 {
        stage.emit(n).await;
    }
    let last = stage.send(0, EmitOptions::new()).await;
    for key in 1..=20 {
        stage.emit(key * 100).await;
    }
    let began = Instant::now();
    sleep(secs(1)).await;

    assert_eq!(diary.read().len(), 21, "after {:?}: {:?}", began.elapsed(), diary.read());
    let reasons = stage.reasons(last).await;
    let limited = reasons
        .iter()
        .any(|reason| matches!(reason, Reason::KeyRateLimited { key, .. } if key == "0"));
    assert!(limited, "{reasons:?}");
}

#[tokio::test(start_paused = true)]
async fn an_emit_may_name_another_key() {
    let most = Arc::new(AtomicUsize::new(0));
    let peak = most.clone();
    let running = Arc::new(AtomicUsize::new(0));
    let slow = step(KEYED.concurrency_per_key(1), move |_: Task, _| {
        let (peak, running) = (peak.clone(), running.clone());
        async move {
            peak.fetch_max(running.fetch_add(1, SeqCst) + 1, SeqCst);
            sleep(millis(5)).await;
            running.fetch_sub(1, SeqCst);
            Ok(())
        }
    });
    let stage = Stage::with([slow]).await;

    for key in 0..5 {
        stage.send(key * 100, EmitOptions::new().group("all of them")).await;
    }
    stage.empty().await;

    assert_eq!(most.load(SeqCst), 1);
}

/// So many of a key run at once as its tasks say: the hundred's number.
fn as_many_as_its_number(task: &Task) -> Option<NonZeroU32> {
    NonZeroU32::new(u32::try_from(task.n / 100).ok()?)
}

#[tokio::test(start_paused = true)]
async fn as_many_of_a_key_run_at_once_as_its_events_say_and_no_more() {
    let running = Arc::new(Mutex::new(HashMap::<u64, (u32, u32)>::new()));
    let tally = running.clone();
    let config = KEYED.concurrency_per_key_by(as_many_as_its_number).concurrency_per_key(5);
    let slow = step(config, move |task: Task, _| {
        let (tally, key) = (tally.clone(), task.n / 100);
        async move {
            {
                let mut tally = tally.lock();
                let (now, most) = tally.entry(key).or_default();
                *now += 1;
                *most = (*most).max(*now);
            }
            sleep(millis(5)).await;
            tally.lock().entry(key).or_default().0 -= 1;
            Ok(())
        }
    });
    let stage = Stage::over(Arc::new(MemoryStore::new()), window(16), [slow]).await;

    for n in 0..300 {
        stage.emit(n % 4 * 100).await;
    }
    stage.empty().await;

    // Those of the hundred 0 say nothing: what the step says holds.
    let most: HashMap<u64, u32> =
        running.lock().iter().map(|(key, (_, most))| (*key, *most)).collect();
    assert_eq!(most, HashMap::from([(0, 5), (1, 1), (2, 2), (3, 3)]));
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_a_key_that_its_event_limits_says_so() {
    let config = KEYED.concurrency_per_key_by(as_many_as_its_number);
    let slow = step(config, move |_: Task, _| async {
        sleep(secs(60)).await;
        Ok(())
    });
    let stage = Stage::with([slow]).await;
    stage.emit(100).await;
    let next = stage.send(101, EmitOptions::new()).await;
    sleep(secs(1)).await;

    let busy = Reason::KeyBusy { key: "1".into(), running: 1 };
    assert!(stage.reasons(next).await.contains(&busy));
}

#[tokio::test(start_paused = true)]
async fn a_function_that_panics_says_nothing_and_holds_up_nobody() {
    let diary = Diary::default();
    let config = KEYED.concurrency_per_key_by(|task: &Task| {
        assert!(task.n != 100, "of this one nothing can be said");
        NonZeroU32::new(1)
    });
    let stage = Stage::with([noting(config, &diary)]).await;

    for n in [100, 101, 200] {
        stage.emit(n).await;
    }
    stage.empty().await;

    assert_eq!(diary.read().len(), 3);
}

/// Emits `count` tasks of the key 0 that all fall due after a minute, more than fit into memory.
async fn emit_delayed(stage: &Stage, count: u64) {
    for n in 0..count {
        stage.send(n % 100, EmitOptions::new().delay(secs(60))).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_of_which_more_fall_due_than_fit_into_memory_is_drained_and_holds_up_no_other() {
    for config in [KEYED.concurrency_per_key(1), EventConfig::new("Step").fifo(hundred)] {
        let diary = Diary::default();
        let notes = diary.clone();
        let slow = step(config, move |task: Task, _| {
            let notes = notes.clone();
            async move {
                sleep(millis(10)).await;
                notes.note(if task.n < 100 { "hot" } else { "cold" });
                Ok(())
            }
        });
        let stage = Stage::over(Arc::new(MemoryStore::new()), window(64), [slow]).await;
        emit_delayed(&stage, 1_000).await;
        sleep(secs(61)).await;

        for key in 1..=50 {
            stage.emit(key * 100).await;
        }
        sleep(secs(1)).await;

        let cold = diary.read().iter().filter(|note| *note == "cold").count();
        assert_eq!(cold, 50);
        stage.empty().await;
        assert_eq!(diary.read().len(), 1_050);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_due_of_a_key_beyond_its_rate_holds_up_no_other() {
    let diary = Diary::default();
    let rate = RateLimit::fixed_window(1, secs(3600));
    let stage = Stage::over(
        Arc::new(MemoryStore::new()),
        window(8),
        [noting(KEYED.rate_limit_per_key(rate), &diary)],
    )
    .await;
    emit_delayed(&stage, 100).await;
    for key in 1..=20 {
        stage.send(key * 100, EmitOptions::new().delay(secs(61))).await;
    }

    sleep(secs(62)).await;

    assert_eq!(diary.read().len(), 1 + 20);
}

#[tokio::test(start_paused = true)]
async fn what_is_tried_again_by_the_hundred_holds_up_no_other_key() {
    // Given a key of which each event fails once, and is to be tried again at the same time as all others.
    let diary = Diary::default();
    let notes = diary.clone();
    let config = KEYED.concurrency_per_key(2).retry(Retry::fixed(2, secs(3600)));
    let failing = step(config, move |task: Task, ctx: Context| {
        let notes = notes.clone();
        async move {
            if task.n < 100 && ctx.attempt() == 1 {
                return Err(StepError::retry("not yet"));
            }
            if task.n < 100 {
                sleep(secs(60)).await;
            }
            notes.note(task.n.to_string());
            Ok(())
        }
    });
    let stage = Stage::over(Arc::new(MemoryStore::new()), window(8), [failing]).await;
    for n in 0..100 {
        stage.emit(n).await;
    }
    sleep(secs(3600)).await;

    for key in 1..=20 {
        stage.emit(key * 100).await;
    }
    sleep(secs(300)).await;

    let cold = diary.read().iter().filter(|note| note.len() > 2).count();
    assert_eq!(cold, 20);
    stage.empty().await;
    assert_eq!(diary.read().len(), 120);
}

#[tokio::test(start_paused = true)]
async fn what_is_to_be_tried_again_has_its_turn_although_as_much_keeps_coming_in_as_is_started() {
    // Given a step that is always behind by less than it holds in memory.
    let diary = Diary::default();
    let notes = diary.clone();
    let own_key = |task: &Task| task.n.to_string();
    let config = EventConfig::new("Step").concurrency(1).key(own_key);
    let config = config.retry(Retry::fixed(2, secs(1)));
    let busy = step(config, move |task: Task, ctx: Context| {
        let notes = notes.clone();
        async move {
            if task.n == 0 {
                notes.note(format!("attempt {}", ctx.attempt()));
            }
            sleep(millis(100)).await;
            if task.n == 0 && ctx.attempt() == 1 { Err(StepError::retry("again")) } else { Ok(()) }
        }
    });
    let stage = Stage::over(Arc::new(MemoryStore::new()), window(8), [busy]).await;

    // When the first event fails, and others never stop to come.
    for n in 0..600 {
        while stage.depths().await[0].waiting >= 8 {
            sleep(millis(10)).await;
        }
        stage.emit(n).await;
    }

    assert_eq!(diary.read(), ["attempt 1", "attempt 2"]);
}
