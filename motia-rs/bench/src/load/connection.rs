//! One connection: a request, its answer, and the next one.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// The longest answer, in bytes.
const LONGEST: usize = 16 * 1024;

/// A connection that is kept open.
pub(super) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub(super) async fn open(server: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(server).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: vec![0; LONGEST] })
    }

    /// Sends a request and waits for the whole answer; gives its status.
    pub(super) async fn ask(&mut self, request: &[u8]) -> anyhow::Result<u16> {
        self.stream.write_all(request).await?;
        let mut filled = 0;
        loop {
            let read = self.stream.read(&mut self.buffer[filled..]).await?;
            anyhow::ensure!(read > 0, "the server closed the connection, or says too much");
            filled += read;
            if let Some(status) = whole(&self.buffer[..filled])? {
                return Ok(status);
            }
        }
    }
}

/// The status, if the bytes are one whole answer.
fn whole(answer: &[u8]) -> anyhow::Result<Option<u16>> {
    let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = std::str::from_utf8(&answer[..end])?;
    let status = head.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
    let Some(status) = status else { anyhow::bail!("not an answer: {head}") };
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>())
    });
    let length = length.unwrap_or(Ok(0))?;
    Ok((answer.len() >= end + 4 + length).then_some(status))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_when_its_body_is() {
        let head = "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 2\r\n\r\n";

        assert_eq!(whole(&head.as_bytes()[..30]).unwrap(), None);
        assert_eq!(whole(format!("{head}1").as_bytes()).unwrap(), None);
        assert_eq!(whole(format!("{head}12").as_bytes()).unwrap(), Some(429));
        assert!(whole(b"nonsense\r\n\r\n").is_err());
    }
}
