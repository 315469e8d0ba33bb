//! A load generator as thin as can be: each connection sends one request over and over and waits for
//! the answer, on a thread of its own.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// A request, as it goes over the wire.
#[derive(Debug, Clone)]
pub(crate) struct Wire(Arc<[u8]>);

impl Wire {
    pub(crate) fn get(path: &str) -> Self {
        Self(format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n").into_bytes().into())
    }

    pub(crate) fn post(path: &str, body: &str) -> Self {
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        Self(head.into_bytes().into())
    }
}

/// Answers per second at so many connections for `span`.
pub(crate) fn requests_per_second(
    server: SocketAddr,
    request: &Wire,
    connections: usize,
    span: Duration,
) -> anyhow::Result<f64> {
    let request = request.clone();
    let generator = std::thread::spawn(move || {
        let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        tokio.block_on(run(server, request, connections, span))
    });
    generator.join().expect("the load generator does not panic")
}

async fn run(
    server: SocketAddr,
    request: Wire,
    connections: usize,
    span: Duration,
) -> anyhow::Result<f64> {
    let (stop, answers) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..connections {
        let (request, stop, answers) = (request.clone(), stop.clone(), answers.clone());
        tasks.spawn(async move { connection(server, &request, &stop, &answers).await });
    }
    let began = Instant::now();
    tokio::time::sleep(span).await;
    let (answered, took) = (answers.load(Ordering::Relaxed), began.elapsed());
    stop.store(true, Ordering::Relaxed);
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    Ok(answered as f64 / took.as_secs_f64())
}

async fn connection(
    server: SocketAddr,
    request: &Wire,
    stop: &AtomicBool,
    answers: &AtomicU64,
) -> anyhow::Result<()> {
    let mut stream = TcpStream::connect(server).await?;
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; 16 * 1024];
    while !stop.load(Ordering::Relaxed) {
        stream.write_all(&request.0).await?;
        let mut filled = 0;
        loop {
            let read = stream.read(&mut buffer[filled..]).await?;
            anyhow::ensure!(read > 0, "the server closed the connection");
            filled += read;
            if whole(&buffer[..filled])? {
                break;
            }
        }
        answers.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

/// Whether the bytes are one whole answer, which must be a good one.
fn whole(answer: &[u8]) -> anyhow::Result<bool> {
    let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(false);
    };
    let head = std::str::from_utf8(&answer[..end])?;
    anyhow::ensure!(head.starts_with("HTTP/1.1 2"), "not a good answer: {head}");
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>())
    });
    let length = length.unwrap_or(Ok(0))?;
    Ok(answer.len() >= end + 4 + length)
}
