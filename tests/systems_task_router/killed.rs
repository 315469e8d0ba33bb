//! `kill -9` in the middle of a batch: no task is missing, and no effect happened twice without saying so.

use std::{collections::HashMap, sync::Mutex, time::Duration};

use serde_json::json;

use super::{
    client::{Client, HOME},
    executor::Executor,
};

const TASKS: usize = 120;
const KILLS: u64 = 3;

#[test]
fn no_task_is_missing_and_no_effect_happened_twice_without_saying_so() {
    // A patient definition, whose executor takes a while for each task.
    let executor = Executor::start();
    let mut client = Client::start(&[HOME]);
    client.define(&json!({ "retryPolicy": { "maxAttempts": 20, "backoffInitial": "10ms" } }));
    client.register("near", &executor);
    let submit = |client: &Client, n: usize| {
        let input = json!({ "text": n.to_string(), "ms": 40 });
        let task = json!({ "taskId": "echo", "input": input, "idempotencyKey": n.to_string() });
        let (status, task) = client.try_post("/router/tasks", &task)?;
        (status == 202).then(|| (n, task["id"].as_str().unwrap().to_owned()))
    };
    let accepted = Mutex::new(HashMap::new());

    // When they are submitted, and the process is killed while they run.
    for kill in 0..KILLS {
        let share = TASKS / KILLS as usize;
        for n in kill as usize * share..(kill as usize + 1) * share {
            accepted.lock().unwrap().extend(submit(&client, n));
        }
        std::thread::sleep(Duration::from_millis(30 + 25 * kill));
        client.server.kill();
        client.restart(&[HOME]);
    }
    // What got no answer is submitted again, under its key.
    for n in 0..TASKS {
        let (n, id) = submit(&client, n).unwrap();
        let first = accepted.lock().unwrap().insert(n, id.clone());
        assert!(first.is_none_or(|first| first == id), "{n} was run as two tasks");
    }

    // Then each is completed, and the executor was called no more often than the record says.
    let accepted = accepted.into_inner().unwrap();
    assert_eq!(accepted.len(), TASKS);
    let mut duplicates = 0;
    for (n, id) in &accepted {
        let task = client.until_status(id, "completed");
        assert_eq!(task["output"]["text"], json!(n.to_string()));
        let calls: Vec<_> = executor.calls().into_iter().filter(|call| call.key == *id).collect();
        let attempts = task["attempts"].as_array().unwrap();
        assert!(!calls.is_empty() && calls.len() <= attempts.len(), "{calls:?} {task}");
        for call in &calls {
            assert!(attempts.iter().any(|attempt| attempt["number"] == call.attempt), "{task}");
        }
        if calls.len() > 1 {
            duplicates += 1;
            assert_eq!(task["possibleDuplicate"], true, "{task}");
        }
    }
    assert!(duplicates > 0, "no kill hit a task that ran: the test shows nothing");
    assert_eq!(client.server.ask(["dlq", "ls"])["items"], json!([]));
}
