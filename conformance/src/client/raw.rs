//! A GET over a connection of its own, with a request target that nobody has made tidy.

use bytes::Bytes;
use http::{Request, Uri, header};
use http_body_util::{BodyExt as _, Empty};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use url::Url;

use crate::exchange::{Answer, Lost};

/// Bytes of an answer that are read at most.
const MOST: usize = 64 * 1024;

/// Host and port of an address, as they stand in `Host`.
pub(super) fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// Asks the host of an address for a target. The time is the caller's to bound.
pub(super) async fn get(url: &Url, target: &str) -> Result<Answer, Lost> {
    let unreached = |why: String| Lost::NotReached(why);
    let uri: Uri = target
        .parse()
        .map_err(|e| unreached(format!("{target:?} cannot be sent: {e}")))?;
    let port = url.port_or_known_default().unwrap_or(80);
    let name = url.host_str().unwrap_or_default();
    let name = name.trim_matches(['[', ']']);
    let stream = TcpStream::connect((name, port))
        .await
        .map_err(|e| unreached(e.to_string()))?;
    let (mut sender, connection) = http1::handshake::<_, Empty<Bytes>>(TokioIo::new(stream))
        .await
        .map_err(|_| Lost::Dropped)?;
    let request = Request::get(uri)
        .header(header::HOST, host(url))
        .header(header::CONNECTION, "close")
        .body(Empty::new())
        .map_err(|e| unreached(e.to_string()))?;
    let asking = async {
        let response = sender.send_request(request).await.map_err(|e| lost(&e))?;
        let (head, mut body) = response.into_parts();
        let (mut bytes, mut is_cut) = (Vec::new(), false);
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(|e| lost(&e))?.into_data() else {
                continue;
            };
            let room = MOST - bytes.len();
            is_cut = data.len() > room;
            bytes.extend_from_slice(&data[..data.len().min(room)]);
            if is_cut {
                break;
            }
        }
        Ok(Answer {
            status: head.status.as_u16(),
            headers: head.headers,
            body: bytes.into(),
            is_cut,
            digest: None,
        })
    };
    tokio::pin!(asking);
    tokio::select! {
        biased;
        answer = &mut asking => answer,
        // The answer may stand in what was read before the connection ended.
        _ = connection => asking.await,
    }
}

fn lost(error: &hyper::Error) -> Lost {
    if error.is_parse() {
        Lost::NoHttp(error.to_string())
    } else {
        Lost::Dropped
    }
}
