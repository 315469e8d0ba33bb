//! The live status, read from a socket byte by byte.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpStream,
    time::Duration,
};

use serde_json::{Value, json};

use crate::client::App;

#[test]
fn the_live_status_tells_each_change_in_frames_of_one_line() {
    let app = App::offline();
    let address = app.url.trim_start_matches("http://").to_owned();
    let mut socket = TcpStream::connect(&address).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let request = format!(
        "GET /api/v1/queues/status/stream HTTP/1.1\r\nhost: {address}\r\naccept: text/event-stream\r\n\r\n"
    );
    socket.write_all(request.as_bytes()).unwrap();
    let mut lines = BufReader::new(socket).lines().map(Result::unwrap);

    let head: Vec<_> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
    // Each chunk of the body is a length, a frame and an empty line.
    let mut frame = || -> Value {
        let _length = lines.next().unwrap();
        let data = lines.next().unwrap();
        assert_eq!((lines.next().unwrap(), lines.next().unwrap()), (String::new(), String::new()));
        serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap()
    };
    let first = frame();
    app.summarize("A text.");
    let mut change = frame();
    while change["state_counts"]["COMPLETED"] != 1 {
        change = frame();
    }

    assert!(head[0].starts_with("HTTP/1.1 200"), "{head:?}");
    assert!(head.iter().any(|line| line == "content-type: text/event-stream"), "{head:?}");
    assert!(head.iter().any(|line| line == "cache-control: no-cache"), "{head:?}");
    assert_eq!(first["type"], "initial_status");
    assert_eq!(
        (&first["queue_depths"]["primary"], &first["retry_ratio"]),
        (&json!(0), &json!(0.3))
    );
    assert_eq!(first["state_counts"]["PENDING"], 0);
    assert!(first["timestamp"].is_string());
    assert_eq!(change["type"], "queue_update");
}
