//! The app as a process: how it starts, how it refuses to, how it stops.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod support;

use std::{fs, net::TcpListener, process::Stdio};

use serde_json::{Value, json};
use support::{Server, app};

fn post_order(url: &str) {
    let order =
        json!({ "pet": { "name": "Rex", "photoUrl": "x" }, "foodOrder": { "quantity": 2 } });
    let answer = ureq::post(format!("{url}/basic-tutorial")).send_json(order).unwrap();
    assert_eq!(answer.status(), 200);
}

#[test]
fn what_was_kept_is_there_after_a_stop_and_a_start() {
    let mut server = Server::new();
    let url = server.start();
    post_order(&url);
    assert_eq!(server.terminate(), Some(0));

    let at_rest = server.ask(["state", "ls", "orders"]);
    assert_eq!(at_rest["items"].as_array().unwrap().len(), 1, "{at_rest}");

    server.start();
    let running = server.ask(["state", "ls", "orders"]);
    assert_eq!(running["items"][0]["key"], at_rest["items"][0]["key"]);
    assert_eq!(server.terminate(), Some(0));
}

#[test]
fn a_stopped_app_leaves_no_trace_of_having_run() {
    let mut server = Server::new();
    server.start();
    assert!(server.data().join("server.json").exists());

    server.terminate();

    assert!(!server.data().join("server.json").exists());
}

#[test]
fn a_second_process_on_the_same_data_is_refused_in_one_line() {
    let mut server = Server::new();
    server.start();

    let (code, said) = server.refused(["serve", "--port", "0"]);

    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("in use by another process"), "{said}");
    assert_eq!(said.trim().lines().count(), 1, "{said}");
}

#[test]
fn a_port_in_use_is_refused_in_one_line() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();

    let (code, said) = Server::new().refused(["serve", "--port", &port]);

    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains(&port) && said.contains("in use"), "{said}");
    assert_eq!(said.trim().lines().count(), 1, "{said}");
}

#[test]
fn a_damaged_database_is_refused_and_left_as_it_is() {
    let server = Server::new();
    fs::create_dir_all(server.data()).unwrap();
    let file = server.data().join("motia.db");
    fs::write(&file, "this is a letter, not a database").unwrap();

    let (code, said) = server.refused(["serve", "--port", "0"]);

    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("motia.db"), "{said}");
    assert_eq!(said.trim().lines().count(), 1, "{said}");
    assert_eq!(fs::read_to_string(file).unwrap(), "this is a letter, not a database");
}

#[test]
fn a_database_of_a_newer_version_is_refused_and_left_as_it_is() {
    let mut server = Server::new();
    server.start();
    server.terminate();
    let file = server.data().join("motia.db");
    let db = rusqlite::Connection::open(&file).unwrap();
    db.pragma_update(None, "user_version", 9999).unwrap();
    drop(db);

    let (code, said) = server.refused(["serve", "--port", "0"]);

    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("newer"), "{said}");
    assert_eq!(said.trim().lines().count(), 1, "{said}");
}

#[test]
fn a_data_folder_that_cannot_be_is_refused_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();

    let output = app(&file.join("data"), Stdio::piped(), ["queues"]);
    let mut output = output;
    let output = output.current_dir(folder.path()).output().unwrap();

    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert_eq!(said.trim().lines().count(), 1, "{said}");
}

#[test]
fn in_memory_nothing_is_left_behind() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");

    let mut serve = app(&data, Stdio::null(), ["serve", "--port", "0", "--store", "memory"]);
    let mut child = serve.spawn().unwrap();
    let began = std::time::Instant::now();
    let announced = loop {
        if let Ok(text) = fs::read_to_string(data.join("server.json"))
            && let Ok(server) = serde_json::from_str::<Value>(&text)
        {
            break server;
        }
        assert!(began.elapsed().as_secs() < 30, "it does not start");
        std::thread::sleep(std::time::Duration::from_millis(5));
    };
    post_order(announced["url"].as_str().unwrap().trim_end_matches('/'));
    child.kill().unwrap();
    child.wait().unwrap();

    assert!(!data.join("motia.db").exists());
}
