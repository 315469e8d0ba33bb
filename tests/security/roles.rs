//! What whoever came in may do.

use crate::{program::Running, wire::send};

const OPERATE: &str = "operate-0123456789abcdef";
const READ: &str = "read-0123456789abcdef";

fn guarded() -> Running {
    Running::app(&[("MOTIA_TOKEN", OPERATE), ("MOTIA_READ_TOKEN", READ)])
}

fn bearer(token: &str) -> String {
    format!("authorization: Bearer {token}")
}

/// A path of this pattern.
fn filled(path: &str) -> String {
    path.split('/')
        .map(|part| if part.starts_with('{') { "1-1" } else { part })
        .collect::<Vec<_>>()
        .join("/")
}

#[test]
fn without_a_token_there_is_nothing_and_with_a_wrong_one_neither() {
    let app = guarded();
    let wrong = [
        "",
        "authorization: Bearer ",
        "authorization: Bearer operate-0123456789abcde",
        "authorization: Basic b3BlcmF0ZS0wMTIzNDU2Nzg5YWJjZGVm",
        "authorization: operate-0123456789abcdef",
        "cookie: motia_session=operate-0123456789abcdef",
        "cookie: motia_session=",
    ];
    let operations = app.operations(&[&bearer(OPERATE)]);

    for header in wrong {
        for (method, path, _) in &operations {
            let line = format!("{method} /__motia{}", filled(path));
            let refused = send(&app.url, &line, &[header], "");
            assert_eq!(refused.status, 401, "{line} {header}: {refused:?}");
            assert!(refused.header("www-authenticate").is_some());
        }
    }
}

#[test]
fn who_may_read_changes_nothing_by_any_route_and_is_told_what_to_do() {
    let app = guarded();
    let read = bearer(READ);
    let session = send(&app.url, "POST /__motia/session", &[&read], "");
    assert_eq!(session.status, 204, "{session:?}");
    let cookie = session.header("set-cookie").unwrap().to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    assert!(cookie.contains("Path=/__motia") && !cookie.contains(READ), "{cookie}");
    let cookie = format!("cookie: {}", cookie.split(';').next().unwrap());

    let mut refusals = 0;
    for (method, path, _) in app.operations(&[&read]) {
        let line = format!("{method} /__motia{}", filled(&path));
        for brought in [&read, &cookie] {
            let answer = send(&app.url, &line, &[brought, "content-type: application/json"], "");
            if ["GET", "HEAD"].contains(&&*method) || path == "/session" {
                assert!(![401, 403].contains(&answer.status), "{line}: {answer:?}");
                continue;
            }
            assert_eq!(answer.status, 403, "{line}: {answer:?}");
            assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{line}");
            assert!(answer.json()["detail"].as_str().unwrap().contains("`token`"), "{answer:?}");
            refusals += 1;
        }
    }
    assert!(refusals >= 30, "only {refusals} routes change something");
    let role = |token| {
        send(&app.url, "GET /__motia/api/app", &[&bearer(token)], "").json()["role"].clone()
    };
    assert_eq!((role(READ), role(OPERATE)), ("read".into(), "operate".into()));
}

#[test]
fn the_cookie_of_a_reader_is_not_that_of_somebody_who_may_change_things() {
    let app = guarded();
    let cookie = |token| {
        let session = send(&app.url, "POST /__motia/session", &[&bearer(token)], "");
        let cookie = session.header("set-cookie").unwrap().to_owned();
        format!("cookie: {}", cookie.split(';').next().unwrap())
    };
    let pause = "POST /__motia/api/queues/ProcessFoodOrder/pause";

    assert_ne!(cookie(READ), cookie(OPERATE));
    assert_eq!(send(&app.url, pause, &[&cookie(READ)], "").status, 403);
    assert_eq!(send(&app.url, pause, &[&cookie(OPERATE)], "").status, 200);
}

#[test]
fn every_change_is_in_the_audit_log_with_who_and_from_where_and_no_refused_one_is() {
    let app = guarded();
    let operate = bearer(OPERATE);
    let pause = "POST /__motia/api/queues/ProcessFoodOrder/pause";
    assert_eq!(send(&app.url, pause, &[&bearer(READ)], "").status, 403);
    assert_eq!(send(&app.url, pause, &[&operate, "x-motia-by: ana"], "").status, 200);
    assert!(app.run(&["queues", "resume", "ProcessFoodOrder"]).status.success());

    let log = send(&app.url, "GET /__motia/api/audit", &[&bearer(READ)], "").json();

    let items = log["items"].as_array().unwrap();
    assert_eq!(items.len(), 2, "{log}");
    assert_eq!(
        (&items[0]["did"], &items[1]["did"]),
        (&"queue.resume".into(), &"queue.pause".into())
    );
    assert_eq!((&items[1]["by"], &items[1]["role"]), (&"ana".into(), &"operate".into()));
    assert_eq!(items[1]["from"], "127.0.0.1");
    let listed = app.run(&["audit", "--did", "queue.pause"]);
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!(listed.contains("ana") && !listed.contains("queue.resume"), "{listed}");
}
