//! What a step takes, and under which key.

use motia_core::{
    config::EventConfig,
    context::{EmitError, EmitOptions},
};

use super::stage::{Diary, Stage, Task, noting};

#[tokio::test(start_paused = true)]
async fn a_step_hears_only_what_it_takes() {
    let diary = Diary::default();
    let even = EventConfig::new("Even").when(|task: &Task| task.n.is_multiple_of(2));
    let stage = Stage::with([noting(even, &diary)]).await;

    for n in 0..5 {
        stage.emit(n).await;
    }
    stage.quiet().await;

    assert_eq!(diary.read(), ["0", "2", "4"]);
    assert!(stage.ended().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_emit_is_refused_whose_key_cannot_be_told() {
    let diary = Diary::default();
    let config = EventConfig::new("Step").key(|task: &Task| match task.n {
        0 => panic!("nothing has no key"),
        1 => String::new(),
        n => "k".repeat(n as usize),
    });
    let stage = Stage::with([noting(config, &diary)]).await;

    let refused = async |n| stage.try_send(n, EmitOptions::new()).await.unwrap_err();
    assert!(matches!(refused(0).await, EmitError::Unselectable { step: "Step", .. }));
    assert!(matches!(refused(1).await, EmitError::Key { size: 0, .. }));
    assert!(matches!(refused(257).await, EmitError::Key { size: 257, .. }));
    stage.emit(256).await;
    let long = "k".repeat(257);
    let options = EmitOptions::new().group(long.as_str());
    let refused = stage.try_send(2, options).await.unwrap_err();
    assert!(matches!(refused, EmitError::Key { what: "group", size: 257 }));

    stage.quiet().await;
    assert_eq!(diary.read(), ["256"]);
}
