//! Commands while a server runs: they ask it. And the server itself, from its ready line to its end.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
};

use serde_json::json;

use super::shop::Shop;

#[test]
fn a_server_is_found_asked_and_brought_down_in_order() {
    let shop = Shop::new();
    let mut server = shop.serve(&[]);
    assert_eq!(server.ready["reach"], json!("only this machine"));

    let emitted = shop.run(&["emit", "order.placed", r#"{"id":"o-1","item":"tea"}"#]);
    assert!(emitted.stderr.is_empty(), "it looked elsewhere: {}", emitted.stderr);
    shop.until(&["state", "get", "packed", "o-1"], |ended| ended.code == Some(0));

    server.signal("-TERM");
    assert_eq!(server.ended(), Some(0));
    assert!(!shop.path().join(".motia/server.json").exists());
}

#[test]
fn dead_letters_are_listed_shown_redriven_and_purged() {
    let shop = Shop::new();
    let _server = shop.serve(&[]);
    let dead = |count: usize| {
        shop.until(&["dlq", "ls", "--step", "Pack"], |ended| {
            ended.stdout.lines().count() == count + 1
        })
    };
    for id in ["o-1", "o-2"] {
        shop.json(&["emit", "order.placed", &json!({ "id": id, "item": "glass" }).to_string()]);
    }

    dead(2);
    let list = shop.json(&["dlq", "ls"]);
    let id = list["items"][0]["id"].as_str().unwrap();
    let shown = shop.run(&["dlq", "show", id]).stdout;
    assert!(shown.contains("glass breaks in the post") && shown.contains("\"item\": \"glass\""));

    assert_eq!(shop.run(&["dlq", "redrive", "--all"]).stdout, "put back: 2 dead letters\n");
    dead(2);
    let id = shop.json(&["dlq", "ls"])["items"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(shop.run(&["dlq", "purge", &id]).stdout, "removed: 1 dead letter\n");
    assert_eq!(shop.json(&["dlq", "purge", "--all", "--step", "Pack"]), json!({ "count": 1 }));
    dead(0);
}

#[test]
fn what_can_be_listed_is_listed_and_what_is_counted_is_shown() {
    let shop = Shop::new();
    let _server = shop.serve(&[]);
    shop.json(&["emit", "order.placed", &json!({ "id": "o-1", "item": "tea" }).to_string()]);
    shop.until(&["state", "get", "packed", "o-1"], |ended| ended.code == Some(0));

    for (bare, same) in [
        (&["state"][..], &["state", "groups"][..]),
        (&["cron"], &["cron", "list"]),
        (&["dlq"], &["dlq", "ls"]),
    ] {
        let ended = shop.run(bare);
        assert_eq!(ended.code, Some(0), "{bare:?}: {}", ended.stderr);
        assert_eq!(ended.stdout, shop.run(same).stdout, "{bare:?}");
    }
    let emitted = shop.run(&["metrics", "events_emitted_total"]).stdout;
    assert!(emitted.contains("motia_events_emitted_total"), "{emitted}");
    assert!(emitted.contains("topic=order.placed"), "{emitted}");
    let nothing = shop.run(&["metrics", "nosuch"]);
    let expected = "error: no metric has `nosuch` in its name; `metrics` lists them";
    assert_eq!((nothing.code, nothing.one_line()), (Some(1), expected));
    assert!(nothing.stdout.is_empty(), "{}", nothing.stdout);
    let whole = shop.json(&["metrics"]);
    assert!(whole["items"].as_array().unwrap().len() > 5, "{whole}");
}

#[test]
fn a_server_that_was_killed_leaves_its_folder_to_the_commands() {
    let shop = Shop::new();
    let mut server = shop.serve(&[]);
    server.signal("-KILL");
    server.ended();
    assert!(shop.path().join(".motia/server.json").exists());

    let ended = shop.run(&["queues"]);

    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(ended.one_line(), "no server runs; looking into .motia itself");
}

#[test]
fn another_program_at_the_port_of_a_killed_server_is_asked_nothing() {
    let shop = Shop::new();
    let mut server = shop.serve_with(&[], &[("MOTIA_TOKEN", "s3cret")]);
    server.signal("-KILL");
    server.ended();
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    other.set_nonblocking(true).unwrap();
    let left = json!({
        "pid": std::process::id(),
        "url": format!("http://{}", other.local_addr().unwrap()),
        "token": "s3cret",
    });
    fs::write(shop.path().join(".motia/server.json"), left.to_string()).unwrap();

    let ended = shop.run(&["dlq", "purge", "--all"]);

    assert_eq!(ended.stdout, "removed: 0 dead letters\n");
    assert_eq!(ended.one_line(), "no server runs; looking into .motia itself");
    assert!(other.accept().is_err(), "it was asked");
}

#[test]
fn a_token_is_asked_for_and_the_commands_know_it() {
    let shop = Shop::new();
    let server = shop.serve_with(&[], &[("MOTIA_TOKEN", "s3cret")]);

    assert!(shop.run(&["queues"]).stderr.is_empty());
    let stranger = fs::read_to_string(shop.path().join(".motia/server.json")).unwrap();
    let stranger = stranger.replace("s3cret", "guess");
    fs::write(shop.path().join(".motia/server.json"), stranger).unwrap();
    assert_eq!(shop.run(&["queues"]).code, Some(1), "{}", server.url());
}

#[test]
fn a_token_that_is_given_to_a_command_counts_and_not_the_one_of_the_server() {
    let shop = Shop::new();
    let tokens = [("MOTIA_TOKEN", "s3cret"), ("MOTIA_READ_TOKEN", "l00k")];
    let _server = shop.serve_with(&[], &tokens);

    let reader = [("MOTIA_TOKEN", "l00k")];
    assert_eq!(shop.run_with(&["queues"], &reader).code, Some(0));
    let paused = shop.run_with(&["queues", "pause", "Pack"], &reader);
    assert_eq!(paused.code, Some(1), "{}", paused.stdout);
    assert!(paused.one_line().contains("this token is for reading"), "{}", paused.stderr);

    assert_eq!(shop.run_with(&["queues"], &[("MOTIA_TOKEN", "guess")]).code, Some(1));
    assert_eq!(shop.run(&["queues", "pause", "Pack"]).code, Some(0), "the server's own");
}

#[test]
fn an_address_that_others_reach_has_no_admin_api_without_a_token() {
    let shop = Shop::new();
    let server = shop.serve(&["--host", "0.0.0.0"]);

    let reach = server.ready["reach"].as_str().unwrap();
    assert_eq!(reach, format!("anyone who can reach 0.0.0.0:{}", server.port()));
    let ended = shop.run(&["queues"]);
    assert_eq!(ended.code, Some(2));
    assert!(ended.one_line().contains("without a `token`"), "{}", ended.stderr);
}

#[test]
fn a_memory_store_can_be_asked_while_its_server_runs() {
    let shop = Shop::new();
    let refused = shop.run(&["queues", "--store", "memory"]);
    assert_eq!(refused.code, Some(2));
    assert!(refused.one_line().contains("start `serve`"));

    let _server = shop.serve(&["--store", "memory"]);
    assert!(shop.json(&["queues", "--store", "memory"])["items"].is_array());
}

/// A request of which the body is still to come.
fn half_a_request(address: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    let head = "POST /orders HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
        content-type: application/json\r\ncontent-length: 24\r\nexpect: 100-continue\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    // The server asks for the body as soon as it reads it: the request is under way.
    let mut asked = [0; 25];
    stream.read_exact(&mut asked).unwrap();
    assert!(asked.starts_with(b"HTTP/1.1 100"));
    stream
}

/// Waits until the server takes no new connection.
fn closed(address: &str) {
    while TcpStream::connect(address).is_ok() {
        std::thread::yield_now();
    }
}

#[test]
fn a_request_under_way_is_answered_after_sigterm_while_new_ones_are_turned_away() {
    let shop = Shop::new();
    let mut server = shop.serve(&[]);
    let address = format!("127.0.0.1:{}", server.port());
    let mut request = half_a_request(&address);

    server.signal("-TERM");
    closed(&address);
    request.write_all(br#"{"id":"o-1","item":"te"}"#).unwrap();

    let mut answer = String::new();
    request.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    assert_eq!(server.ended(), Some(0));
}

#[test]
fn a_second_signal_ends_the_server_at_once() {
    let shop = Shop::new();
    let mut server = shop.serve(&[]);
    let address = format!("127.0.0.1:{}", server.port());
    let _request = half_a_request(&address);

    server.signal("-TERM");
    closed(&address);
    server.signal("-TERM");

    assert_eq!(server.ended(), Some(1));
    assert!(!shop.path().join(".motia/server.json").exists());
}

#[test]
fn all_that_failed_is_sent_again_and_says_of_what_it_is_the_replay() {
    let shop = Shop::new();
    let _server = shop.serve(&[]);
    for id in ["o-1", "o-2"] {
        shop.json(&["emit", "order.placed", &json!({ "id": id, "item": "glass" }).to_string()]);
    }
    let failed = |count: usize| {
        let all = ["--json", "runs", "--step", "Pack", "--outcome", "failed"];
        shop.until(&all, |ended| ended.stdout.matches("\"outcome\":\"failed\"").count() == count)
    };
    failed(2);

    let replayed = shop.run(&["runs", "replay", "--failed", "--step", "Pack"]);

    assert_eq!((replayed.code, replayed.stdout.as_str()), (Some(0), "2 runs sent again\n"));
    let runs: serde_json::Value = serde_json::from_str(&failed(4).stdout).unwrap();
    let replays = |n: usize| runs["items"][n]["replayOf"].is_string();
    assert_eq!([replays(0), replays(1), replays(2), replays(3)], [true, true, false, false]);
    let nothing = shop.run(&["runs", "replay", "--outcome", "failed", "--text", "unheard"]);
    assert_eq!(nothing.stdout, "0 runs sent again\n");
    assert_eq!(shop.run(&["runs", "replay"]).code, Some(2), "nothing was said");
}

#[test]
fn a_request_is_sent_again_without_what_lets_somebody_in_unless_it_is_typed() {
    let shop = Shop::new();
    let server = shop.serve(&[]);
    let mut stream = TcpStream::connect(format!("127.0.0.1:{}", server.port())).unwrap();
    let body = r#"{"id":"o-1","item":"tea"}"#;
    let head = "POST /orders HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nx-tenant: 7\r\n\
        authorization: Bearer s3cret\r\ncontent-type: application/json\r\n";
    write!(stream, "{head}content-length: {}\r\n\r\n{body}", body.len()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    let id = shop.json(&["runs", "--step", "PlaceOrder"])["items"][0]["id"].clone();
    let id = id.as_str().unwrap();

    let shown = shop.run(&["run", "show", id]).stdout;
    assert!(
        shown.contains("x-tenant: 7") && shown.contains("; not kept: authorization"),
        "{shown}"
    );
    assert!(!shown.contains("s3cret"), "{shown}");
    let without = shop.run(&["run", "replay", id]).stdout;
    assert!(without.contains("\n  without authorization; --header "), "{without}");
    let with = ["run", "replay", id, "--header", "Authorization: Bearer s3cret"];
    assert_eq!(shop.run(&with).stdout, format!("run {id} was sent again, and answered 201\n"));
    let nameless = shop.run(&["run", "replay", id, "--header", "s3cret"]);
    assert!(nameless.code == Some(2) && !nameless.one_line().contains("s3cret"));
}

#[test]
fn what_is_no_stream_cannot_be_looked_into() {
    let shop = Shop::new();
    let _server = shop.serve(&[]);

    assert_eq!(shop.json(&["streams"])["items"], json!([]));
    for args in [&["streams", "show", "nothing"][..], &["streams", "watch", "nothing", "here"]] {
        let ended = shop.run(args);
        assert_eq!(ended.code, Some(1), "{args:?}: {}", ended.stderr);
        assert!(ended.one_line().contains("nothing"), "{args:?}: {}", ended.stderr);
    }
}
