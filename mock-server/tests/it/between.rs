//! A proxy before an upstream that answers the same bytes to everybody.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use smsload_mock::proxy::{Exchange, Proxy, ProxyBuilder, ProxyLimits};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{DOWNLOAD, Raw, SOON};

/// A proxy and a client of it.
pub(crate) struct Between {
    pub(crate) proxy: Proxy,
    pub(crate) client: reqwest::Client,
}

impl Between {
    pub(crate) async fn start(
        upstream: &str,
        change: impl FnOnce(ProxyBuilder) -> ProxyBuilder,
    ) -> Self {
        let builder = Proxy::builder(upstream.parse().unwrap());
        let proxy = change(builder).start().await.unwrap();
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(SOON)
            .build()
            .unwrap();
        Self { proxy, client }
    }

    pub(crate) async fn post(&self, body: &Value) -> (u16, Value) {
        let url = format!("{}{DOWNLOAD}", self.proxy.url());
        let response = self.client.post(url).json(body).send().await.unwrap();
        let status = response.status().as_u16();
        (status, response.json().await.unwrap())
    }

    pub(crate) async fn raw(&self) -> Raw {
        Raw::connect(self.proxy.addr()).await
    }

    /// The newest exchange.
    pub(crate) fn last(&self) -> Arc<Exchange> {
        self.proxy.traffic().list().pop().unwrap()
    }
}

/// A server that reads a head, tells it, answers with these bytes, and then holds the connection or closes it.
pub(crate) async fn canned(answer: Vec<u8>, hold: bool) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let heads = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&heads);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (answer, told) = (answer.clone(), Arc::clone(&told));
            tokio::spawn(async move {
                let head = read_request(&mut stream).await;
                told.lock().unwrap().push(head);
                let _ = stream.write_all(&answer).await;
                if hold {
                    std::future::pending::<()>().await;
                }
            });
        }
    });
    (url, heads)
}

/// The head of a request; its body is read too, so that closing is no reset.
async fn read_request(stream: &mut TcpStream) -> String {
    let (mut all, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let text = String::from_utf8_lossy(&all).into_owned();
        if let Some(end) = text.find("\r\n\r\n") {
            let length = text.split("content-length: ").nth(1).map_or(0, |rest| {
                rest.split("\r\n").next().unwrap().parse::<usize>().unwrap()
            });
            if all.len() >= end + 4 + length {
                return text[..end].to_owned();
            }
        }
        let read = stream.read(&mut buffer).await.unwrap_or(0);
        if read == 0 {
            return text;
        }
        all.extend_from_slice(&buffer[..read]);
    }
}

pub(crate) fn json_answer(headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
    )
    .into_bytes()
}

pub(crate) fn hurried() -> ProxyLimits {
    ProxyLimits {
        upstream_timeout: Duration::from_millis(200),
        ..ProxyLimits::default()
    }
}
