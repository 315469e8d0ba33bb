//! What is urgent starts first.

use std::sync::Arc;

use motia_core::{
    config::{EventConfig, Priority},
    context::EmitOptions,
};
use motia_store::MemoryStore;
use tokio::time::sleep;

use super::stage::{Diary, Stage, Task, hundred, millis, noting, secs, step, window};

const ONE: EventConfig<Task> = EventConfig::new("Step").concurrency(1);

fn level(level: i8) -> EmitOptions<'static> {
    EmitOptions::new().priority(Priority::try_new(level).unwrap())
}

async fn paused(config: EventConfig<Task>, in_memory: usize, diary: &Diary) -> Stage {
    let store = Arc::new(MemoryStore::new());
    let stage = Stage::over(store, window(in_memory), [noting(config, diary)]).await;
    stage.runtime.bus().pause("Step", "the test").await.unwrap();
    stage
}

async fn resume(stage: &Stage) {
    stage.runtime.bus().resume("Step").await.unwrap();
    stage.empty().await;
}

#[tokio::test(start_paused = true)]
async fn the_more_urgent_goes_first_and_equals_keep_their_order() {
    let diary = Diary::default();
    let stage = paused(ONE, 64, &diary).await;
    for (n, urgency) in [(1, 0), (2, -5), (3, 5), (4, 0), (5, 5), (6, 9)] {
        stage.send(n, level(urgency)).await;
    }

    resume(&stage).await;

    assert_eq!(diary.read(), ["6", "3", "5", "1", "4", "2"]);
}

#[tokio::test(start_paused = true)]
async fn a_level_is_a_head_start_of_a_minute_and_no_more() {
    let diary = Diary::default();
    let stage = paused(ONE, 64, &diary).await;
    stage.send(1, level(0)).await;
    sleep(secs(61)).await;
    stage.send(2, level(1)).await;
    stage.send(3, level(2)).await;

    resume(&stage).await;

    assert_eq!(diary.read(), ["3", "1", "2"]);
}

#[tokio::test(start_paused = true)]
async fn the_order_holds_where_more_wait_than_are_held_in_memory() {
    for in_memory in [2, 3, 8] {
        let diary = Diary::default();
        let stage = paused(ONE, in_memory, &diary).await;
        for n in 0..30 {
            stage.send(n, level([0, 3, -3][n as usize % 3])).await;
        }

        resume(&stage).await;

        let by_level = |level| (0..30).filter(move |n| n % 3 == level);
        let expected: Vec<_> = by_level(1).chain(by_level(0)).chain(by_level(2)).collect();
        assert_eq!(diary.read(), super::stage::numbers(expected), "{in_memory} in memory");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_urgent_has_its_turn_whatever_else_comes() {
    // Given a step that is kept busy for hours by urgent events.
    let diary = Diary::default();
    let notes = diary.clone();
    let slow = step(ONE, move |task: Task, _| {
        notes.note(task.n.to_string());
        async {
            sleep(secs(30)).await;
            Ok(())
        }
    });
    let stage = Stage::over(Arc::new(MemoryStore::new()), window(4), [slow]).await;
    stage.send(1, level(9)).await;
    stage.send(0, level(-9)).await;

    for n in 2..100 {
        stage.send(n, level(9)).await;
        sleep(secs(29)).await;
    }

    // Then the one that nobody waits for starts when its head start is used up: 18 minutes.
    let place = diary.read().iter().position(|note| note == "0").unwrap();
    assert!((34..=40).contains(&place), "{place}");
}

#[tokio::test(start_paused = true)]
async fn a_delayed_event_is_urgent_once_its_time_has_come() {
    let diary = Diary::default();
    let stage = paused(ONE, 4, &diary).await;
    stage.send(9, level(5).delay(secs(10))).await;
    for n in 1..20 {
        stage.emit(n).await;
    }
    sleep(secs(20)).await;

    resume(&stage).await;

    assert_eq!(diary.read()[0], "9");
}

#[tokio::test(start_paused = true)]
async fn an_urgent_event_waits_for_those_of_its_key_that_came_first() {
    let diary = Diary::default();
    let stage = paused(ONE.fifo(hundred), 64, &diary).await;
    stage.send(1, level(0)).await;
    stage.send(100, level(0)).await;
    stage.send(2, level(9)).await;
    stage.send(200, level(5)).await;

    resume(&stage).await;

    let done = diary.read();
    let place = |n: &str| done.iter().position(|note| note == n).unwrap();
    assert!(place("1") < place("2"), "{done:?}");
    assert!(place("200") < place("100"), "{done:?}");
    sleep(millis(1)).await;
}

#[tokio::test(start_paused = true)]
async fn what_has_fallen_due_has_its_turn_although_urgent_events_keep_coming() {
    // Given a step that is always behind by less than it holds in memory.
    let diary = Diary::default();
    let notes = diary.clone();
    let busy = step(ONE, move |task: Task, _| {
        let notes = notes.clone();
        async move {
            if task.n == 0 {
                notes.note("the delayed one");
            }
            sleep(millis(100)).await;
            Ok(())
        }
    });
    let stage = Stage::over(Arc::new(MemoryStore::new()), window(8), [busy]).await;
    stage.send(0, EmitOptions::new().delay(secs(1))).await;

    // When urgent ones come for longer than the minute that they are ahead.
    for n in 1..1_000 {
        while stage.depths().await[0].waiting >= 8 {
            sleep(millis(10)).await;
        }
        stage.send(n, level(1)).await;
    }

    assert_eq!(diary.read(), ["the delayed one"]);
}
