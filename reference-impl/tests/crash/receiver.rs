//! Takes callbacks, and sometimes fails on purpose: by the number of the request in the path.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::history::{Called, History};

pub(crate) struct Receiver {
    port: u16,
}

/// Outlives every life of the server.
impl Receiver {
    pub(crate) async fn start(history: Arc<History>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(take(stream, history.clone()));
            }
        });
        Self { port }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

/// The path that request `number` gives.
pub(crate) fn path(number: u32) -> String {
    format!("/told/{number}")
}

async fn take(mut stream: TcpStream, history: Arc<History>) -> Option<()> {
    let mut bytes = Vec::new();
    let (number, body) = loop {
        let read = stream.read_buf(&mut bytes).await.ok()?;
        if read == 0 {
            return None;
        }
        if let Some(call) = parse(&bytes) {
            break call;
        }
    };
    let member = |name: &str| body[name].as_str().unwrap().to_owned();
    let before = history.calls().get(&number).map_or(0, Vec::len);
    // One in seven fails twice, one in eleven hangs once.
    let (fails, hangs) = (
        number % 7 == 0 && before < 2,
        number % 11 == 0 && before == 0,
    );
    let called = Called {
        id: member("streamId"),
        file_url: member("fileUrl"),
        percent: member("downloadProgress").parse().unwrap(),
        acknowledged: !fails && !hangs,
        life: history.life(),
    };
    history.call(number, called);
    if hangs {
        tokio::time::sleep(Duration::from_secs(2)).await;
        return None;
    }
    let status = if fails { "500 No" } else { "204 Yes" };
    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
    stream.write_all(answer.as_bytes()).await.ok()
}

fn parse(bytes: &[u8]) -> Option<(u32, serde_json::Value)> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let path = head.strip_prefix("POST /told/")?;
    let number = path.split(' ').next()?.parse().ok()?;
    Some((number, serde_json::from_str(body).ok()?))
}
