//! What cannot be seen in an answer: callbacks and files, as a correct mock has them and one that misbehaves.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use smsload_mock::misbehave::{self, Misbehaviour};
use smsload_mock::{Clock, Mock, Request, Settings};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::callbacks::Receiver;
use crate::support::{Api, DOWNLOAD, PROGRESS, but, now};

const HOUR: Duration = Duration::from_secs(3600);
/// So long is waited for what may not come. Less than the 5 s that a receiver has.
const MAY_COME: Duration = Duration::from_secs(2);

/// What was seen, by the words that misbehaviours name it with.
type Seen = BTreeMap<&'static str, String>;

/// Whether these words are about callbacks or files.
pub(super) fn is_beyond(tag: &str) -> bool {
    tag.starts_with("callback ") || tag.starts_with("file ")
}

/// The words of what differs, against those that are named.
fn fault(what: &Misbehaviour, kind: &str, right: &Seen, wrong: &Seen) -> Option<String> {
    let differing = right.iter().filter(|(tag, seen)| wrong[*tag] != **seen);
    let mut differing: Vec<_> = differing.map(|(tag, _)| *tag).collect();
    let mut named: Vec<_> = what
        .touches
        .iter()
        .copied()
        .filter(|tag| tag.starts_with(kind))
        .collect();
    differing.sort_unstable();
    named.sort_unstable();
    (differing != named).then(|| format!("{} changes {differing:?}, not {named:?}", what.name))
}

async fn hear(receiver: &Receiver, count: usize) -> Vec<String> {
    let end = Instant::now() + MAY_COME;
    while receiver.hits().len() < count && Instant::now() < end {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    receiver.hits().into_iter().map(|hit| hit.line).collect()
}

async fn callbacks(what: Option<&'static Misbehaviour>) -> Seen {
    let api = Api::with(|builder| {
        let builder = builder.callback_step(50);
        match what {
            Some(what) => builder.misbehave(what),
            None => builder,
        }
    })
    .await;
    let main = Receiver::new(&[]).await;
    let address = format!("http://{}//a%2Fb/./c+d?x=%7e", main.addr);
    let id = api.start_download(&but("callback", address)).await;
    while api.percent(&id).await < 50 {
        api.clock.advance(Duration::from_secs(2));
    }
    hear(&main, 1).await;
    api.clock.advance(HOUR);
    let lines = hear(&main, 2).await;
    let hits = main.hits();
    let bodies: Vec<_> = hits.iter().map(|hit| hit.body.to_string()).collect();
    let media: Vec<_> = hits.iter().map(|hit| hit.media.as_str()).collect();
    let mut seen = Seen::from([
        ("callback count", lines.len().to_string()),
        ("callback line", lines.join(" ")),
        ("callback media", media.join(" ")),
        (
            "callback body",
            bodies.join(" ").replace(&api.server.url(), ""),
        ),
    ]);

    let (bare, again, redirect) = (
        Receiver::new(&[]).await,
        Receiver::new(&[500]).await,
        Receiver::new(&[307]).await,
    );
    for (receiver, end, tail) in [
        (&bare, "08:10", "?"),
        (&again, "08:20", ""),
        (&redirect, "08:30", ""),
    ] {
        let mut body = but("callback", format!("http://{}/x{tail}", receiver.addr));
        body["end_time"] = json!(format!("2025-04-04T{end}:00"));
        api.start_download(&body).await;
    }
    api.clock.advance(HOUR);
    seen.insert("callback bare line", hear(&bare, 1).await.join(" "));
    hear(&again, 1).await;
    seen.insert("callback redirect", hear(&redirect, 2).await.join(" "));
    api.clock.advance(Duration::from_secs(10));
    seen.insert("callback again", hear(&again, 2).await.join(" "));

    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let quick = Receiver::new(&[]).await;
    for (addr, end) in [
        (silent.local_addr().unwrap(), "08:01"),
        (quick.addr, "08:50"),
    ] {
        let mut body = but("callback", format!("http://{addr}/x"));
        body["end_time"] = json!(format!("2025-04-04T{end}:00"));
        api.start_download(&body).await;
    }
    api.clock.advance(HOUR);
    seen.insert(
        "callback beside a slow one",
        hear(&quick, 1).await.join(" "),
    );

    let rejected = Receiver::new(&[]).await;
    let mut body = but("callback", format!("http://{}/x", rejected.addr));
    body["end_time"] = json!("2025-04-04T07:00:00");
    assert_ne!(api.download(&body).await.body["code"], "0");
    api.clock.advance(HOUR);
    let heard = hear(&rejected, 1).await.len();
    seen.insert("callback after rejection", heard.to_string());
    seen
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn callbacks_differ_as_it_is_said() {
    let right = callbacks(None).await;
    let mut tasks = JoinSet::new();
    for what in misbehave::all() {
        if what.touches.iter().any(|tag| tag.starts_with("callback ")) {
            tasks.spawn(async move { (what, callbacks(Some(what)).await) });
        }
    }
    let ran = tasks.join_all().await;
    let faults = ran
        .iter()
        .filter_map(|(what, wrong)| fault(what, "callback ", &right, wrong));
    assert_eq!(
        faults.collect::<Vec<_>>(),
        Vec::<String>::new(),
        "{right:#?}"
    );
}

fn post(mock: &Mock, path: &str, body: &Value) -> Value {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    let body = body.to_string();
    let answer = mock.answer(&Request {
        method: &Method::POST,
        path,
        query: "",
        headers: &headers,
        body: body.as_bytes(),
    });
    serde_json::from_slice(&answer.body).unwrap()
}

async fn files(what: Option<&'static Misbehaviour>) -> Seen {
    let clock = Arc::new(Clock::stopped_at(now()));
    let settings = Settings {
        seed: 1,
        clock: Arc::clone(&clock),
        ..Settings::default()
    };
    let settings = match what {
        Some(what) => settings.misbehave(what).unwrap(),
        None => settings,
    };
    let mock = Mock::new(settings).unwrap();
    let started = post(&mock, DOWNLOAD, &but("end_time", "2025-04-04T08:00:05"));
    let id = json!({"stream_id": started["data"]["stream_id"]});
    let url = loop {
        let told = post(&mock, PROGRESS, &id);
        match told["data"]["file_url"].as_str().unwrap() {
            "" => clock.advance(Duration::from_millis(10)),
            url => break url.to_owned(),
        }
    };
    let mut seen = Seen::from([("file address", url.clone())]);
    let escaped = format!("{url}/%2e%2e/secret");
    let (get, head) = (Method::GET, Method::HEAD);
    for (tag, method, path, range) in [
        ("file get", &get, &url, ""),
        ("file again", &get, &url, ""),
        ("file head", &head, &url, ""),
        ("file range", &get, &url, "bytes=10-19"),
        ("file suffix", &get, &url, "bytes=-10"),
        ("file beyond", &get, &url, "bytes=999999999999-"),
        ("file head range", &head, &url, "bytes=10-19"),
        ("file traversal", &get, &escaped, ""),
        ("file later", &get, &url, ""),
    ] {
        if tag == "file later" {
            clock.advance(Duration::from_secs(20));
        }
        let mut headers = HeaderMap::new();
        if !range.is_empty() {
            headers.insert("range", HeaderValue::from_str(range).unwrap());
        }
        let answer = mock.file(&Request {
            method,
            path,
            query: "",
            headers: &headers,
            body: b"",
        });
        let (head, body) = answer.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let header = |name: &str| {
            let value = head.headers.get(name.parse::<HeaderName>().unwrap());
            value.map(|value| value.to_str().unwrap().to_owned())
        };
        let hash = body.iter().fold(0_u64, |hash, byte| {
            hash.wrapping_mul(31).wrapping_add(u64::from(*byte))
        });
        let came = (
            head.status.as_u16(),
            header("content-length"),
            header("content-range"),
            header("etag"),
            hash,
        );
        seen.insert(tag, format!("{came:?}"));
    }
    seen
}

#[tokio::test]
async fn files_differ_as_it_is_said() {
    let right = files(None).await;
    let mut faults = Vec::new();
    for what in misbehave::all() {
        if what.touches.iter().any(|tag| tag.starts_with("file ")) {
            faults.extend(fault(what, "file ", &right, &files(Some(what)).await));
        }
    }
    assert_eq!(faults, Vec::<String>::new(), "{right:#?}");
}
