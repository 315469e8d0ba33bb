//! Who may ask at all: known names, pages of the app itself, and nobody in disguise.

use crate::{
    program::Running,
    wire::{UPGRADE, send},
};

#[test]
fn nothing_is_answered_to_a_foreign_name_not_even_an_upgrade() {
    let app = Running::app(&[]);
    let foreign = ["evil.example", "localhost.evil.example", "127.0.0.1.nip.io", "10.0.0.7", ""];

    for host in foreign {
        let host = format!("host: {host}");
        for path in ["/hello", "/", "/livez", "/metrics", "/openapi.json", "/nowhere", "/__motia/"]
        {
            let refused = send(&app.url, &format!("GET {path}"), &[&host], "");
            assert_eq!(refused.status, 421, "{host} {path}: {refused:?}");
        }
        for path in ["/", "/__motia/streams"] {
            let asked = [&UPGRADE[..], &[&host]].concat();
            let refused = send(&app.url, &format!("GET {path}"), &asked, "");
            assert_eq!(refused.status, 421, "{host} {path}: {refused:?}");
        }
        for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "BREW"] {
            let line = format!("{method} /__motia/api/emit");
            assert_eq!(send(&app.url, &line, &[&host], "").status, 421, "{line}");
        }
    }
    let two = ["host: localhost", "host: evil.example"];
    assert_eq!(send(&app.url, "GET /livez", &two, "").status, 400);
    let absolute = send(&app.url, "GET http://evil.example/livez", &["host: localhost"], "");
    assert_eq!(absolute.status, 421, "{absolute:?}");
}

#[test]
fn pages_of_others_get_nothing_whatever_the_method() {
    let app = Running::app(&[]);
    let own = format!("origin: {}", app.url);
    let foreign = [
        &["origin: null"][..],
        &["origin: http://evil.example"],
        &["origin: http://localhost"],
        &["origin: http://127.0.0.1:1"],
        &["sec-fetch-site: cross-site"],
        &["sec-fetch-site: same-site"],
        &[&own, "sec-fetch-site: cross-site"],
        &[&own, "origin: http://evil.example"],
    ];

    for page in foreign {
        let said = [page, &["x-motia-workbench: 1", "content-type: application/json"]].concat();
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"]
        {
            for path in
                ["/api/queues", "/api/queues/SignIn/pause", "/api/state/a/b", "/session", "/"]
            {
                let line = format!("{method} /__motia{path}");
                let refused = send(&app.url, &line, &said, "");
                assert_eq!(refused.status, 403, "{line} {page:?}: {refused:?}");
            }
        }
        for path in ["/", "/__motia/streams"] {
            let asked = [&UPGRADE[..], page].concat();
            let refused = send(&app.url, &format!("GET {path}"), &asked, "");
            assert_eq!(refused.status, 403, "{path} {page:?}: {refused:?}");
        }
        let events = send(&app.url, "GET /__motia/streams/a/b", page, "");
        assert_eq!(events.status, 403, "{page:?}");
        assert_eq!(events.header("access-control-allow-origin"), None);
    }
    let welcome =
        send(&app.url, "GET /__motia/api/queues", &[&own, "sec-fetch-site: same-origin"], "");
    assert_eq!(welcome.status, 200, "{welcome:?}");
    let welcome = send(&app.url, "GET /__motia/streams", &[&UPGRADE[..], &[&own]].concat(), "");
    assert_eq!(welcome.status, 101, "{welcome:?}");
}

#[test]
fn a_form_of_another_page_changes_nothing_even_if_its_browser_says_nothing_of_it() {
    let app = Running::app(&[]);
    let queue = "/__motia/api/queues/ProcessFoodOrder";
    let pause = format!("POST {queue}/pause");

    for kind in
        ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
    {
        for body in ["", "{}", "{\"by\":\"eve\"}", "by=eve"] {
            let refused = send(&app.url, &pause, &[&format!("content-type: {kind}")], body);
            assert_eq!(refused.status, 415, "{kind} {body:?}: {refused:?}");
        }
    }
    let own = format!("origin: {}", app.url);
    let unsaid = send(&app.url, &pause, &[&own], "");
    assert_eq!(unsaid.status, 403, "{unsaid:?}");
    assert!(unsaid.body.contains("x-motia-workbench"), "{unsaid:?}");

    let paused = || send(&app.url, &format!("GET {queue}"), &[], "").json()["paused"].clone();
    assert!(paused().is_null(), "{}", paused());
    assert_eq!(send(&app.url, &pause, &[&own, "x-motia-workbench: 1"], "").status, 200);
    assert!(!paused().is_null());
}

#[test]
fn no_page_of_the_app_may_run_a_script_that_stands_in_it_or_comes_from_elsewhere() {
    let open = Running::app(&[]);
    let guarded = Running::app(&[("MOTIA_TOKEN", "0123456789abcdef")]);
    let html = ["accept: text/html"];
    let pages = [
        (&open, "/__motia/"),
        (&open, "/__motia/queues"),
        (&open, "/__motia/api/app"),
        (&open, "/__motia/nowhere.html"),
        (&guarded, "/__motia/"),
    ];

    for (app, path) in pages {
        let page = send(&app.url, &format!("GET {path}"), &html, "");
        let policy = page.header("content-security-policy").unwrap_or_default();
        assert!(policy.starts_with("default-src 'none'"), "{path}: {page:?}");
        assert!(!policy.contains("unsafe") && !policy.contains('*'), "{path}: {policy}");
        assert!(!policy.contains("http:") && !policy.contains("https:"), "{path}: {policy}");
        assert_eq!(page.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(page.header("referrer-policy"), Some("no-referrer"), "{path}");
        assert!(page.header("x-frame-options").is_some(), "{path}");
        let inline = page.body.matches("<script").count()
            - page.body.matches("<script src=").count()
            - page.body.matches("<script type=\"module\"").count();
        assert!(inline == 0 || policy.contains("'sha256-"), "{path}: {}", page.body);
        assert!(!page.body.contains(" onload=") && !page.body.contains("javascript:"), "{path}");
    }
}

#[test]
fn what_the_api_answers_is_kept_by_no_browser_and_no_proxy() {
    let app = Running::app(&[]);
    let guarded = Running::app(&[("MOTIA_TOKEN", "0123456789abcdef")]);

    for (app, path) in [
        (&app, "/api/queues"),
        (&app, "/api/state/orders/none"),
        (&app, "/api/queues?limit=-1"),
        (&app, "/api/nowhere"),
        (&guarded, "/api/queues"),
    ] {
        let answer = send(&app.url, &format!("GET /__motia{path}"), &[], "");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}: {answer:?}");
    }
    let page = send(&app.url, "GET /__motia/", &[], "");
    assert_eq!(page.header("cache-control"), Some("no-cache"));
}
