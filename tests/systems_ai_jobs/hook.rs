//! Somebody who wants to hear of ended jobs, and notes every call.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

use serde_json::Value;

/// A call that came.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) key: String,
    pub(crate) attempt: String,
    pub(crate) possible_duplicate: bool,
    pub(crate) job: Value,
}

/// The listener.
pub(crate) struct Hook {
    pub(crate) url: String,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl Hook {
    /// Answers with these statuses one after the other, and with the last one from then on.
    pub(crate) fn answering(statuses: &'static [u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let calls: Arc<Mutex<Vec<Call>>> = Arc::default();
        let notes = calls.clone();
        std::thread::spawn(move || {
            for socket in listener.incoming() {
                let socket = socket.unwrap();
                // A caller that is killed breaks off.
                let Some(call) = read(&socket) else { continue };
                let status = {
                    let mut notes = notes.lock().unwrap();
                    notes.push(call);
                    statuses[(notes.len() - 1).min(statuses.len() - 1)]
                };
                let head = format!("HTTP/1.1 {status} Said\r\ncontent-length: 0\r\n\r\n");
                drop((&socket).write_all(head.as_bytes()));
            }
        });
        Self { url, calls }
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }
}

fn read(socket: &TcpStream) -> Option<Call> {
    let mut reader = BufReader::new(socket);
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end().split_once(": ") {
            Some((name, value)) => headers.push((name.to_ascii_lowercase(), value.to_owned())),
            None if line.trim_end().is_empty() => break,
            None => {}
        }
    }
    let header = |wanted: &str| {
        let found = headers.iter().find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let mut body = vec![0; header("content-length").parse().ok()?];
    reader.read_exact(&mut body).ok()?;
    Some(Call {
        key: header("idempotency-key"),
        attempt: header("x-attempt"),
        possible_duplicate: header("x-possible-duplicate") == "true",
        job: serde_json::from_slice(&body).ok()?,
    })
}
