//! A client of very many connections, in a process of its own: each sends one query; all are held until it is killed.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::load::QUERY_PATH;

const BODY: &str = r#"{"stream_id":"nobody-knows-this"}"#;
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Opens them, asks, prints how many were answered, and waits to be killed.
pub(crate) fn open(address: &str, count: usize) -> anyhow::Result<()> {
    let begun = Instant::now();
    let mut connections: Vec<TcpStream> = Vec::with_capacity(count);
    let mut refused = 0;
    let request = format!(
        "POST {QUERY_PATH} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{BODY}",
        BODY.len()
    );
    for _ in 0..count {
        let Ok(mut connection) = TcpStream::connect(address) else {
            refused += 1;
            continue;
        };
        connection.set_read_timeout(Some(PATIENCE))?;
        // A connection that was closed is counted below.
        let _ = connection.write_all(request.as_bytes());
        connections.push(connection);
    }
    let mut answered = 0;
    for connection in &mut connections {
        let mut head = [0; 12];
        if connection.read_exact(&mut head).is_ok() && &head == b"HTTP/1.1 200" {
            answered += 1;
        }
    }
    println!(
        "{count} connections: {answered} answered, {} closed, {refused} refused, in {:.1} s",
        connections.len() - answered,
        begun.elapsed().as_secs_f64()
    );
    loop {
        std::thread::park();
    }
}
