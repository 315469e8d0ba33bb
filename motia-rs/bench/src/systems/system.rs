//! What is asked of each system.

use serde_json::json;

use super::app::App;
use crate::load::Wire;

/// One system of the app.
#[derive(Clone, Copy)]
pub(super) struct System {
    pub(super) name: &'static str,
    /// The step that accepts.
    pub(super) accepts: &'static str,
    /// The step that works.
    pub(super) works: &'static str,
    /// What is sent; the number makes it another each time.
    pub(super) request: fn(u64) -> Wire,
    /// The status of an answer that accepts.
    pub(super) status: u16,
    /// How long a job takes, in seconds: so long until as many run as will.
    pub(super) job: f64,
    /// Where the app is to be other than it is by itself.
    pub(super) settings: &'static [(&'static str, &'static str)],
    /// What has to be there before the first request.
    pub(super) prepare: fn(&App) -> anyhow::Result<()>,
    /// What it is, in the table.
    pub(super) what: &'static str,
}

pub(super) const SYSTEMS: [System; 5] =
    [AI_JOBS, BACKGROUND_JOBS, TASK_ROUTER, TASK_QUEUE, STARTER];

const AI_JOBS: System = System {
    name: "ai_jobs",
    accepts: "StartAIJob",
    works: "ProcessAIJob",
    request: |n| {
        let body = json!({ "prompt": "Hello there", "userId": format!("user-{n}") });
        Wire::post("/ai/start", &body.to_string())
    },
    status: 201,
    // Two seconds, at this speed five. Of 40 jobs a second, 200 run.
    job: 5.0,
    settings: &[("MOTIA_DEMO_SPEED", "0.4")],
    prepare: |_| Ok(()),
    what: "POST /ai/start, each for a user of its own; a job takes 5 s",
};

const BACKGROUND_JOBS: System = System {
    name: "background_jobs",
    accepts: "CreateJob",
    works: "JobProcessor",
    request: |n| {
        let payload = json!({ "imageUrl": format!("https://example.com/{n}.png"), "seconds": 0 });
        let body = json!({ "type": "image_processing", "payload": payload });
        Wire::post("/jobs", &body.to_string())
    },
    status: 201,
    job: 0.0,
    settings: &[],
    prepare: |_| Ok(()),
    what: "POST /jobs, an image that takes no time",
};

const TASK_ROUTER: System = System {
    name: "task_router",
    accepts: "SubmitTask",
    works: "RunTask",
    request: |n| {
        let (client, input) = (format!("client-{}", n % 1000), json!({ "text": "one two three" }));
        let body = json!({ "taskId": "word-count", "clientId": client, "input": input });
        Wire::post("/router/tasks", &body.to_string())
    },
    status: 202,
    job: 0.0,
    settings: &[
        ("ROUTER_CLIENT_RATE", "1000000"),
        ("ROUTER_CLIENT_BURST", "1000000"),
        ("EXECUTOR_MAX_CONCURRENT", "512"),
    ],
    prepare: |app| {
        let input = json!({ "type": "object", "required": ["text"],
            "properties": { "text": { "type": "string" } } });
        let output = json!({ "type": "object", "required": ["words"] });
        app.post(
            "/router/definitions",
            &json!({ "taskId": "word-count", "name": "Count words", "version": "1.0.0",
                "inputSchema": input, "outputSchema": output }),
        )?;
        app.post(
            "/router/executors",
            &json!({ "id": "word-count", "kind": "local", "weight": 1,
                "capabilities": ["word-count"] }),
        )
    },
    what: "POST /router/tasks, 1000 clients, a function of the app that counts words",
};

const TASK_QUEUE: System = System {
    name: "task_queue",
    accepts: "CreateSummaryTask",
    works: "ProcessTask",
    request: |n| {
        let content = format!(
            "The harbour bridge was closed on Friday. A cat slept. Engineers look at the harbour \
             bridge. It is said to open on day {n}."
        );
        Wire::post("/api/v1/tasks/summarize/", &json!({ "content": content }).to_string())
    },
    status: 201,
    job: 0.0,
    settings: &[],
    prepare: |_| Ok(()),
    what: "POST /api/v1/tasks/summarize/, a text of 130 B, offline",
};

const STARTER: System = System {
    name: "starter",
    accepts: "ApiTrigger",
    works: "ProcessFoodOrder",
    request: |_| {
        let pet = json!({ "name": "Rex", "photoUrl": "x" });
        let body = json!({ "pet": pet, "foodOrder": { "quantity": 2 } });
        Wire::post("/basic-tutorial", &body.to_string())
    },
    status: 200,
    job: 0.0,
    settings: &[],
    prepare: |_| Ok(()),
    what: "POST /basic-tutorial with a food order",
};
