//! A server whose runs are exported, as its variables say: `cargo build -p motia-rs --features otel --example
//! shop`, then `cargo test -p motia-rs --features otel --test commands otel`.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::mpsc::{Receiver, channel},
    thread,
    time::{Duration, Instant},
};

use super::shop::Shop;

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";

/// A collector that takes everything; gives its address and the requests: the head, then the body.
fn collector() -> (String, Receiver<(String, Vec<u8>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (url, (sender, requests)) =
        (format!("http://{}", listener.local_addr().unwrap()), channel());
    thread::spawn(move || {
        for connection in listener.incoming() {
            let (connection, sender) = (connection.unwrap(), sender.clone());
            thread::spawn(move || {
                while let Some(request) = answered(&connection) {
                    let _ = sender.send(request); // the test may be over
                }
            });
        }
    });
    (url, requests)
}

/// Takes one request and answers 200; `None`: there is no other.
fn answered(mut connection: &TcpStream) -> Option<(String, Vec<u8>)> {
    let mut reader = BufReader::new(connection);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        (reader.read_line(&mut head).ok()? > 0).then_some(())?;
    }
    head.make_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "))?;
    let mut body = vec![0; length.parse().ok()?];
    reader.read_exact(&mut body).ok()?;
    connection.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").ok()?;
    Some((head, body))
}

fn order(shop: &Shop) {
    shop.json(&["emit", "order.placed", r#"{"id":"o-1","item":"tea"}"#]);
    shop.until(&["state", "get", "packed", "o-1"], |ended| ended.code == Some(0));
}

#[test]
fn the_last_runs_are_sent_before_a_server_ends() {
    let (shop, (url, requests)) = (Shop::new(), collector());
    let headers = ("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=7");
    let mut server = shop.serve_with(&[], &[(ENDPOINT, &url), headers]);

    order(&shop);
    let began = Instant::now();
    server.signal("-TERM");
    assert_eq!(server.ended(), Some(0));

    assert!(began.elapsed() < Duration::from_secs(4), "it waited for runs to gather");
    let mut sent: Vec<_> = requests.try_iter().collect();
    sent.sort();
    let [(logs, lines), (traces, spans)] = &*sent else { panic!("{} requests", sent.len()) };
    assert!(logs.starts_with("post /v1/logs ") && traces.starts_with("post /v1/traces "));
    assert!(traces.contains("\r\nx-tenant: 7\r\n"), "{traces}");
    let has = |body: &[u8], text: &str| body.windows(text.len()).any(|at| at == text.as_bytes());
    assert!(has(spans, "Pack") && has(spans, "service.name") && has(lines, "packed"));
}

#[test]
fn a_collector_that_is_away_is_one_warning_and_no_harm() {
    let shop = Shop::new();
    let nowhere = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let env = [
        (ENDPOINT, format!("http://{nowhere}")),
        ("OTEL_BSP_SCHEDULE_DELAY", "1".to_owned()),
        ("OTEL_LOGS_EXPORTER", "none".to_owned()),
    ];
    let env: Vec<_> = env.iter().map(|(name, text)| (*name, &**text)).collect();
    let mut server = shop.serve_with(&[], &env);

    order(&shop);
    let told = "spans are not taken by";
    shop.until(&["logs"], |ended| ended.stdout.contains(told));
    (0..3).for_each(|_| order(&shop));

    let logs = shop.run(&["logs"]).stdout;
    assert_eq!(logs.matches(told).count(), 1, "{logs}");
    server.signal("-TERM");
    assert_eq!(server.ended(), Some(0));
}

#[test]
fn a_misspelt_variable_is_one_warning() {
    let shop = Shop::new();
    let env = [("OTEL_SDK_DISABLED", "true"), ("OTEL_TRACES_SAMPLR", "always_off")];
    let _server = shop.serve_with(&[], &env);

    let told = "no variable `OTEL_TRACES_SAMPLR`; did you mean `OTEL_TRACES_SAMPLER`?";
    let logs = shop.run(&["logs", "--level", "warn"]).stdout;
    assert_eq!(logs.matches(told).count(), 1, "{logs}");
}

#[test]
fn what_cannot_be_is_refused_before_the_server_starts_and_headers_are_not_shown() {
    let shop = Shop::new();
    for (name, text, expected) in [
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "gRPC is not built in; set `http/protobuf`"),
        (ENDPOINT, "localhost:4318", "an address such as http://localhost:4318"),
    ] {
        let ended = shop.run_with(&["serve"], &[(name, text)]);
        assert_eq!(ended.code, Some(2), "{}", ended.stderr);
        assert!(ended.one_line().starts_with(&format!("error: {name}: ")), "{}", ended.stderr);
        assert!(ended.one_line().contains(expected), "{}", ended.stderr);
    }

    let headers = ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20s3cret");
    let shown = shop.run_with(&["settings"], &[headers]).stdout;
    assert!(
        shown.contains("app.otel_exporter_otlp_headers") && !shown.contains("s3cret"),
        "{shown}"
    );
}
