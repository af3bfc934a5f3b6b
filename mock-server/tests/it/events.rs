//! Events, while they happen.

use std::time::Duration;

use serde_json::{Value, json};
use smsload_mock::{Course, Limits};

use crate::support::{Api, SOON, but, valid};

/// A listener: the text of its stream, cut into events.
struct Listener {
    response: reqwest::Response,
    text: String,
}

impl Listener {
    async fn at(api: &Api, tenant: &str) -> Self {
        let request = api
            .client
            .get(api.url("/__mock/events"))
            .header("tenant-id", tenant);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let text = String::new();
        let mut listener = Self { response, text };
        assert_eq!(listener.next().await.0, "hello");
        listener
    }

    /// The next event, comments left out.
    async fn next(&mut self) -> (String, Value) {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let event = event.to_owned();
                self.text = rest.to_owned();
                if let Some(event) = event.strip_prefix("event: ") {
                    let (name, data) = event.split_once("\ndata: ").unwrap();
                    return (name.to_owned(), serde_json::from_str(data).unwrap());
                }
                continue;
            }
            let chunk = tokio::time::timeout(SOON, self.response.chunk()).await;
            let chunk = chunk.expect("an event comes").unwrap().expect("no end");
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// The next changes of jobs, as (id, change); other events are passed over.
    async fn jobs(&mut self, count: usize) -> Vec<(String, String)> {
        let mut changes = Vec::new();
        while changes.len() < count {
            let (name, data) = self.next().await;
            if name == "job" {
                let text = |member: &str| data[member].as_str().unwrap().to_owned();
                changes.push((text("id"), text("change")));
            }
        }
        changes
    }
}

#[tokio::test]
async fn they_come_in_order() {
    let api = Api::start().await;
    let mut listener = Listener::at(&api, "").await;
    let id = api.start_download(&valid()).await;
    let (name, data) = listener.next().await;
    assert_eq!(
        (name.as_str(), data),
        ("job", json!({"id": id, "change": "started"}))
    );
    let (name, data) = listener.next().await;
    assert_eq!(name, "exchange");
    assert_eq!(data["operation"], "startDownload");
    assert_eq!((&data["status"], &data["number"]), (&json!(200), &json!(1)));
    api.control("POST", "/clock/advance", json!({"seconds": 500}))
        .await
        .json(200);
    let (name, data) = listener.next().await;
    assert_eq!(
        (name.as_str(), &data["micros"]),
        ("clock", &json!(500_000_000))
    );
    let (name, data) = listener.next().await;
    assert_eq!(
        (name.as_str(), data),
        ("job", json!({"id": id, "change": "finished"}))
    );
    let fault = json!({"action": {"status": 500}});
    api.control("POST", "/faults", fault).await.json(201);
    let (name, data) = listener.next().await;
    assert_eq!(
        (name.as_str(), &data["change"]),
        ("faults", &json!("added"))
    );
    api.download(&valid()).await;
    let (name, data) = listener.next().await;
    assert_eq!((name.as_str(), &data["id"]), ("fault", &json!(1)));
    let (name, data) = listener.next().await;
    assert_eq!((name.as_str(), &data["fault"]), ("exchange", &json!(1)));
    for (method, path, name, change) in [
        ("DELETE", "/faults/1", "faults", "deleted"),
        ("DELETE", "/faults", "faults", "deleted"),
        ("DELETE", "/journal", "journal", "cleared"),
    ] {
        api.control(method, path, Value::Null).await.empty();
        let told = listener.next().await;
        assert_eq!(told, (name.to_owned(), json!({"change": change})));
    }
    api.control("DELETE", "/faults/1", Value::Null)
        .await
        .problem(404);
    api.control("PUT", "/faults", json!([])).await.json(200);
    let (name, data) = listener.next().await;
    assert_eq!(
        (name.as_str(), data),
        ("faults", json!({"change": "replaced"}))
    );
    api.control("POST", "/reset", Value::Null).await.empty();
    assert_eq!(listener.next().await.0, "reset");
}

#[tokio::test]
async fn ends_are_told_however_they_come_about() {
    let api = Api::start().await;
    let early = api.start_download(&but("channel", "early")).await;
    let mut listener = Listener::at(&api, "").await;
    let name = async |channel: &str| api.start_download(&but("channel", channel)).await;
    let (held, failed, gone) = (name("1").await, name("2").await, name("3").await);
    let act = async |id: &str, what: &str| {
        let path = format!("/jobs/{id}/{what}");
        api.control("POST", &path, Value::Null).await.json(200);
    };
    act(&held, "stall").await;
    act(&failed, "fail").await;
    let path = format!("/jobs/{gone}");
    api.control("DELETE", &path, Value::Null).await.json(200);
    let changes = listener.jobs(6).await;
    let changes: Vec<_> = changes.iter().map(|(_, change)| change.as_str()).collect();
    assert_eq!(
        changes,
        [
            "started", "started", "started", "stalled", "failed", "deleted"
        ]
    );
    // Far beyond the time that a job is kept: the end of the one that ran is told all the same, and of no other.
    api.clock.advance(Duration::from_secs(90_000));
    assert_eq!(listener.jobs(1).await, [(early, "finished".to_owned())]);
    let last = name("4").await;
    assert_eq!(listener.jobs(1).await, [(last, "started".to_owned())]);
}

#[tokio::test]
async fn a_resumed_job_ends_once() {
    let api = Api::start().await;
    let mut listener = Listener::at(&api, "").await;
    let id = api.start_download(&valid()).await;
    for what in ["stall", "resume", "resume", "resume"] {
        let path = format!("/jobs/{id}/{what}");
        api.control("POST", &path, Value::Null).await.json(200);
    }
    api.clock.advance(Duration::from_secs(500));
    let changes = listener.jobs(6).await;
    let changes: Vec<_> = changes.iter().map(|(_, change)| change.as_str()).collect();
    assert_eq!(
        changes,
        [
            "started", "stalled", "running", "running", "running", "finished"
        ]
    );
    let next = api.start_download(&valid()).await;
    assert_eq!(listener.jobs(1).await[0].0, next);
}

#[tokio::test]
async fn a_course_that_fails_is_told_as_a_failure() {
    let course: Course = "fails-at=50".parse().unwrap();
    let api = Api::with(|builder| builder.course(course)).await;
    let mut listener = Listener::at(&api, "").await;
    let id = api.start_download(&valid()).await;
    api.clock.advance(Duration::from_secs(500));
    let expected = [(id.clone(), "started".into()), (id, "failed".into())];
    assert_eq!(listener.jobs(2).await, expected);
}

#[tokio::test]
async fn worlds_are_heard_alone() {
    let api = Api::start().await;
    let mut listener = Listener::at(&api, "one").await;
    api.tenant("two").start_download(&but("channel", "2")).await;
    api.start_download(&but("channel", "0")).await;
    let id = api.tenant("one").start_download(&but("channel", "1")).await;
    assert_eq!(listener.jobs(1).await, [(id, "started".to_owned())]);
}

#[tokio::test]
async fn who_falls_behind_is_told_and_goes_on() {
    let limits = Limits {
        event_backlog: 4,
        // It takes nothing while the events come, which on a busy machine may be long.
        write_timeout: SOON * 10,
        ..Limits::default()
    };
    let api = Api::with(|builder| builder.limits(limits)).await;
    let mut listener = Listener::at(&api, "").await;
    // What a listener does not take fills its connection first, some megabytes at most, and then the ring.
    let long = "x".repeat(12_000);
    let path = format!("/{long}");
    let sent = 1_600_u64;
    for _ in 0..sent {
        api.post(&path, "{}").await;
    }
    let (mut heard, mut missed) = (0, 0);
    while heard + missed < sent {
        let (name, data) = listener.next().await;
        match name.as_str() {
            "exchange" => heard += 1,
            "lagged" => missed += data["missed"].as_u64().unwrap(),
            other => panic!("{other}"),
        }
    }
    assert_eq!(heard + missed, sent);
    assert!(missed > 0, "{heard} were heard");
    let id = api.start_download(&valid()).await;
    assert_eq!(listener.jobs(1).await, [(id, "started".to_owned())]);
}

#[tokio::test]
async fn listeners_are_bounded_and_give_back_their_places() {
    let limits = Limits {
        max_listeners: 1,
        ..Limits::default()
    };
    let api = Api::with(|builder| builder.limits(limits)).await;
    let listener = Listener::at(&api, "").await;
    let got = api.control("GET", "/events", Value::Null).await;
    assert!(got.problem(503).contains("max_listeners"));
    drop(listener);
    api.until(async || {
        let again = api.client.get(api.url("/__mock/events")).send().await;
        again.unwrap().status() == 200
    })
    .await;
}

#[tokio::test]
async fn a_stopping_server_lets_listeners_go_at_once() {
    let api = Api::start().await;
    let mut listener = Listener::at(&api, "").await;
    let began = std::time::Instant::now();
    api.server.stop().await;
    assert!(began.elapsed() < Limits::default().stop_grace);
    let end = tokio::time::timeout(SOON, listener.response.chunk()).await;
    assert_eq!(end.unwrap().unwrap(), None);
}
