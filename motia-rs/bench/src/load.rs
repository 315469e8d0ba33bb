//! A load generator as thin as can be: connections that send requests and wait for the answers, on a
//! thread of its own.
//!
//! A *closed* load calls again as soon as it is answered, and so finds out how much the server takes. An
//! *open* one calls at instants that are set beforehand, whatever the answers do, and so finds out how long
//! somebody waits who calls at that pace.

mod connection;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::task::JoinSet;

use self::connection::Connection;

/// Connections that share an open load; one that still waits for its answer is late for its next call.
const OPEN_CONNECTIONS: u64 = 16;

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

/// Answers per second to one request at so many connections for `span`; each must be a good one.
pub(crate) fn requests_per_second(
    server: SocketAddr,
    request: &Wire,
    connections: usize,
    span: Duration,
) -> anyhow::Result<f64> {
    let request = request.clone();
    let answers = Calls::new(server, move |_| request.clone()).back_to_back(connections, span)?;
    let strange: Vec<_> = answers.by_status.keys().filter(|status| **status / 100 != 2).collect();
    anyhow::ensure!(strange.is_empty(), "not good answers: {strange:?}");
    Ok(answers.per_second())
}

/// Requests to a server, each of its own kind: which one it is, from 0, makes it.
#[derive(Clone)]
pub(crate) struct Calls {
    server: SocketAddr,
    request: Arc<dyn Fn(u64) -> Wire + Send + Sync>,
    made: Arc<AtomicU64>,
}

/// What came of calls.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    /// From each call to its answer, in nanoseconds.
    pub(crate) nanos: Vec<u64>,
    /// How many answers had which status.
    pub(crate) by_status: BTreeMap<u16, u64>,
    took: Duration,
}

impl Answers {
    pub(crate) fn per_second(&self) -> f64 {
        self.nanos.len() as f64 / self.took.as_secs_f64()
    }

    /// Adds what came of other calls, made after these or beside them.
    pub(crate) fn and(&mut self, others: Self) {
        self.nanos.extend(others.nanos);
        for (status, count) in others.by_status {
            *self.by_status.entry(status).or_default() += count;
        }
        self.took += others.took;
    }

    fn note(&mut self, status: u16, took: Duration) {
        self.nanos.push(took.as_nanos() as u64);
        *self.by_status.entry(status).or_default() += 1;
    }
}

impl Calls {
    pub(crate) fn new(
        server: SocketAddr,
        request: impl Fn(u64) -> Wire + Send + Sync + 'static,
    ) -> Self {
        Self { server, request: Arc::new(request), made: Arc::default() }
    }

    /// So many connections, each of which calls again as soon as it is answered.
    pub(crate) fn back_to_back(
        &self,
        connections: usize,
        span: Duration,
    ) -> anyhow::Result<Answers> {
        self.generate(
            connections as u64,
            move |calls, _, end| async move {
                let mut connection = Connection::open(calls.server).await?;
                let mut answers = Answers::default();
                while Instant::now() < end {
                    let sent = Instant::now();
                    let status = connection.ask(&calls.next().0).await?;
                    answers.note(status, sent.elapsed());
                }
                Ok(answers)
            },
            span,
        )
    }

    /// So many calls in a second, each at its instant. A call that is late because the answer before it
    /// was late counts from its instant, so that a stall is seen by all calls that fall into it.
    pub(crate) fn at_pace(&self, per_second: f64, span: Duration) -> anyhow::Result<Answers> {
        let interval = Duration::from_secs_f64(1.0 / per_second);
        self.generate(
            OPEN_CONNECTIONS,
            move |calls, number, end| async move {
                let mut connection = Connection::open(calls.server).await?;
                let mut answers = Answers::default();
                let every = interval.mul_f64(OPEN_CONNECTIONS as f64);
                let mut due = end - span + interval.mul_f64(number as f64);
                while due < end {
                    let late = Instant::now() > due;
                    tokio::time::sleep_until(due.into()).await;
                    // The timer is no more exact than a millisecond, which is not the server's fault.
                    let since = if late { due } else { Instant::now() };
                    let status = connection.ask(&calls.next().0).await?;
                    answers.note(status, since.elapsed());
                    due += every;
                }
                Ok(answers)
            },
            span,
        )
    }

    fn next(&self) -> Wire {
        (self.request)(self.made.fetch_add(1, Ordering::Relaxed))
    }

    /// Runs connections on a thread of their own until `span` is over and the last is answered.
    fn generate<F: Future<Output = anyhow::Result<Answers>> + Send + 'static>(
        &self,
        connections: u64,
        connection: impl Fn(Self, u64, Instant) -> F + Send + 'static,
        span: Duration,
    ) -> anyhow::Result<Answers> {
        let calls = self.clone();
        let generator = std::thread::spawn(move || {
            let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            tokio.block_on(async {
                let began = Instant::now();
                let mut all = JoinSet::new();
                for number in 0..connections {
                    all.spawn(connection(calls.clone(), number, began + span));
                }
                let mut answers = Answers::default();
                while let Some(ended) = all.join_next().await {
                    answers.and(ended??);
                }
                answers.took = began.elapsed();
                Ok(answers)
            })
        });
        generator.join().expect("the load generator does not panic")
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{BufRead, BufReader, Write},
        net::{TcpListener, TcpStream},
    };

    use super::*;

    /// Answers 201, but to every tenth request 429.
    fn server() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let answer = |stream: TcpStream| {
            for line in BufReader::new(&stream).lines().map_while(Result::ok) {
                let Some(path) = line.strip_prefix("GET /") else { continue };
                let status = if path.starts_with('9') { 429 } else { 201 };
                let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 2\r\n\r\nok");
                if (&stream).write_all(answer.as_bytes()).is_err() {
                    return;
                }
            }
        };
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                std::thread::spawn(move || answer(stream));
            }
        });
        address
    }

    fn calls() -> Calls {
        Calls::new(server(), |n| Wire::get(&format!("/{}", n % 10)))
    }

    #[test]
    fn answers_are_counted_by_their_status() {
        let answers = calls().back_to_back(2, Duration::from_millis(100)).unwrap();

        let all = answers.nanos.len() as u64;
        let refused = answers.by_status.get(&429).copied().unwrap_or_default();
        assert_eq!(answers.by_status.values().sum::<u64>(), all);
        assert_eq!(refused, all / 10);
    }

    #[test]
    fn an_open_load_makes_as_many_calls_as_were_planned() {
        let answers = calls().at_pace(200.0, Duration::from_millis(250)).unwrap();

        assert_eq!(answers.nanos.len(), 50);
    }
}
