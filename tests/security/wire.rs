//! A client that sends exactly what it is told to.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(20);

/// An answer as it came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (known, value) = line.split_once(':')?;
            known.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

pub(crate) fn connect(url: &str) -> TcpStream {
    let stream = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Sends a request: its first line, its header lines, its body. A `host` is added where none is given.
pub(crate) fn send(url: &str, line: &str, headers: &[&str], body: &str) -> Answer {
    let mut request = format!("{line} HTTP/1.1\r\n");
    if !headers.iter().any(|header| header.to_ascii_lowercase().starts_with("host:")) {
        request.push_str(&format!("host: {}\r\n", url.trim_start_matches("http://")));
    }
    if !headers.iter().any(|header| header.to_ascii_lowercase().starts_with("connection:")) {
        request.push_str("connection: close\r\n");
    }
    for header in headers.iter().filter(|header| !header.is_empty()) {
        request.push_str(&format!("{header}\r\n"));
    }
    if !body.is_empty() {
        request.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    let mut stream = connect(url);
    // A server that has refused already may not read on.
    let _ = stream.write_all(format!("{request}\r\n{body}").as_bytes());
    answer(stream)
}

/// The answer that comes, up to where the app closes or falls silent.
pub(crate) fn answer(mut stream: TcpStream) -> Answer {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        match stream.read(&mut chunk) {
            Ok(0) | Err(_) => break,
            Ok(read) => bytes.extend_from_slice(&chunk[..read]),
        }
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let head = head.to_ascii_lowercase();
        // What never ends is not waited for.
        if head.contains("text/event-stream") || head.starts_with("http/1.1 101") {
            stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        }
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
        if length.and_then(|length| length.trim().parse().ok()) == Some(body.len()) {
            break;
        }
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
    let body = match head.to_ascii_lowercase().contains("transfer-encoding: chunked") {
        true => dechunked(body),
        false => body.to_owned(),
    };
    Answer { status, head: head.to_owned(), body }
}

fn dechunked(mut chunks: &str) -> String {
    let mut body = String::new();
    while let Some((size, rest)) = chunks.split_once("\r\n") {
        let size = usize::from_str_radix(size.trim(), 16).unwrap_or_default();
        body.push_str(rest.get(..size).unwrap_or(rest));
        chunks = rest.get(size + 2..).unwrap_or_default();
    }
    body
}

/// The lines that ask for a WebSocket.
pub(crate) const UPGRADE: [&str; 4] = [
    "connection: upgrade",
    "upgrade: websocket",
    "sec-websocket-version: 13",
    "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
];
