//! Jobs over HTTP: taken in, looked at, listed, refused.

use serde_json::{Value, json};

use super::client::App;

fn pointers(problem: &Value) -> Vec<&str> {
    let errors = problem["errors"].as_array().unwrap();
    errors.iter().map(|error| error["pointer"].as_str().unwrap()).collect()
}

#[test]
fn a_job_is_taken_in_done_and_can_be_looked_at_and_listed() {
    let app = App::start();

    let (status, taken_in) =
        app.post("/jobs", &json!({ "type": "report_generation", "createdBy": "ann" }));
    assert_eq!((status, &taken_in["status"]), (201, &json!("queued")));
    assert_eq!(taken_in.as_object().unwrap().len(), 2);

    let job = app.ended(taken_in["jobId"].as_str().unwrap());
    assert_eq!((&job["status"], &job["attempts"]), (&json!("completed"), &json!(1)));
    assert_eq!((&job["maxAttempts"], &job["priority"]), (&json!(3), &json!("medium")));
    assert_eq!((&job["createdBy"], &job["result"]["total"]), (&json!("ann"), &json!(1)));

    let later = json!({ "type": "email", "delayUntil": "2099-01-01T00:00:00Z" });
    let (status, later) = app.post("/jobs", &later);
    assert_eq!((status, &later["status"]), (201, &json!("scheduled")));

    let ids = |query: &str| {
        let (status, page) = app.get(&format!("/jobs{query}"));
        assert_eq!(status, 200, "{page}");
        let jobs = page["jobs"].as_array().unwrap();
        let ids: Vec<_> = jobs.iter().map(|job| job["jobId"].clone()).collect();
        (ids, page["cursor"].as_str().map(str::to_owned))
    };
    let (first, second) = (taken_in["jobId"].clone(), later["jobId"].clone());
    assert_eq!(ids("").0, [first.clone(), second.clone()]);
    assert_eq!(ids("?status=scheduled").0, std::slice::from_ref(&second));
    assert_eq!(ids("?type=report_generation").0, std::slice::from_ref(&first));
    let (page, cursor) = ids("?limit=1");
    assert_eq!(page, [first]);
    assert_eq!(ids(&format!("?limit=1&cursor={}", cursor.unwrap())), (vec![second], None));
}

#[test]
fn an_unknown_type_fails_at_once_and_is_never_tried_again() {
    let app = App::start();

    let job = app.done("/jobs", &json!({ "type": "make_coffee", "maxAttempts": 5 }));

    assert_eq!((&job["status"], &job["attempts"]), (&json!("failed"), &json!(1)));
    assert_eq!(job["error"]["code"], "UNKNOWN_TYPE");
    assert!(job["error"]["message"].as_str().unwrap().contains("image_processing"));
}

#[test]
fn what_breaks_the_contract_is_refused_with_every_fault() {
    let app = App::start();

    for (path, body, at) in [
        (
            "/jobs",
            json!({ "priority": "urgent", "maxAttempts": 0 }),
            vec!["/maxAttempts", "/priority", "/type"],
        ),
        ("/jobs", json!({ "type": "email", "delayUntil": "tomorrow" }), vec!["/delayUntil"]),
        ("/emails", json!({ "subject": "Hi" }), vec!["/to"]),
        (
            "/data-jobs",
            json!({ "dataSource": "a.csv", "outputDestination": "b.csv",
            "processingType": "guess", "batchSize": 0 }),
            vec!["/batchSize", "/processingType"],
        ),
    ] {
        let (status, problem) = app.post(path, &body);
        assert_eq!(status, 400, "{problem}");
        assert_eq!(pointers(&problem), at, "{problem}");
    }
    let nobody = json!({ "to": ["ann@test.com", "nobody"], "subject": "Hi" });
    assert_eq!(app.post("/emails", &nobody).0, 400);
    let like = json!({ "dataSource": "a.csv", "outputDestination": "b.csv", "processingType": "transform",
        "filters": [{ "op": "like", "field": "a", "value": "b" }] });
    assert_eq!(app.post("/data-jobs", &like).0, 400);

    assert_eq!(app.get("/jobs/nobody").0, 404);
    assert_eq!(app.get("/jobs?status=lost").0, 400);
    assert_eq!(app.get("/jobs?limit=1000").0, 400);
}

#[test]
fn health_has_a_route_of_its_own_and_the_api_says_its_statuses() {
    let app = App::start();

    let (status, health) = app.get("/jobs/health");
    assert_eq!((status, &health["totalRunning"]), (200, &serde_json::json!(0)), "{health}");

    let (_, api) = app.get("/openapi.json");
    let statuses = |path: &str, method: &str| {
        let responses = api["paths"][path][method]["responses"].as_object().unwrap();
        responses.keys().cloned().collect::<Vec<_>>()
    };
    for path in ["/jobs", "/emails", "/data-jobs"] {
        let post = statuses(path, "post");
        assert!(["201", "400", "413"].iter().all(|status| post.contains(&(*status).into())));
        assert!(!post.contains(&"200".into()), "{post:?}");
    }
    assert!(statuses("/jobs/{jobId}", "get").contains(&"404".into()));
}
