//! The journal: what is kept, what is not, and what is found in it.

use serde_json::{Value, json};
use smsload_mock::Limits;

use crate::support::{Api, DOWNLOAD, but, valid};

fn entries(journal: &Value) -> &Vec<Value> {
    journal["entries"].as_array().unwrap()
}

async fn with_limits(limits: Limits) -> Api {
    Api::with(|builder| builder.limits(limits)).await
}

#[tokio::test]
async fn an_exchange_is_kept_whole() {
    let api = Api::start().await;
    let id = api.start_download(&valid()).await;
    let journal = api.get("/journal").await;
    let [entry] = &entries(&journal)[..] else {
        panic!("{journal}");
    };
    assert_eq!(entry["number"], 1);
    assert_eq!(entry["kind"], "exchange");
    assert_eq!(entry["time"], "2025-05-31T16:00:00Z");
    assert_eq!(
        (&entry["method"], &entry["path"]),
        (&json!("POST"), &json!(DOWNLOAD))
    );
    assert_eq!(entry["operation"], "startDownload");
    assert_eq!(entry["outcome"], "started");
    assert_eq!(entry["status"], 200);
    let sent: Value = serde_json::from_str(entry["body"]["text"].as_str().unwrap()).unwrap();
    assert_eq!(sent, valid());
    assert_eq!(entry["body"]["cut"], false);
    assert!(entry["answer"]["text"].as_str().unwrap().contains(&id));
    let headers = entry["headers"].as_array().unwrap();
    assert!(
        headers.contains(&json!("content-type: application/json")),
        "{headers:?}"
    );
}

#[tokio::test]
async fn violations_duplicates_and_unknown_paths_are_noted() {
    let api = Api::start().await;
    let mut broken = but("source_type", "1");
    broken.as_object_mut().unwrap().remove("channel");
    api.download(&broken).await.rejected(200, "40003");
    let twice = valid().to_string().replacen('{', "{\"channel\":\"x\",", 1);
    api.post(DOWNLOAD, twice).await.accepted();
    api.post("/nowhere", "{}").await.rejected(404, "40405");

    let journal = api.get("/journal?violations=true").await;
    let [entry] = &entries(&journal)[..] else {
        panic!("{journal}");
    };
    assert_eq!(entry["outcome"], "refused");
    assert_eq!(entry["error"], "missing-member");
    let violations = entry["violations"].as_array().unwrap();
    assert!(violations.iter().any(|v| v["pointer"] == "/channel"));

    let journal = api.get("/journal?violations=false").await;
    assert_eq!(entries(&journal)[0]["duplicates"], json!(["/channel"]));
    assert_eq!(entries(&journal)[1]["operation"], Value::Null);
    assert_eq!(entries(&journal)[1]["status"], 404);
}

#[tokio::test]
async fn secrets_are_nowhere() {
    let api = Api::start().await;
    let secret = "s3cr3t-value";
    for name in [
        "Token",
        "Authorization",
        "Cookie",
        "Proxy-Authorization",
        "linker-sign",
    ] {
        for body in [valid(), json!({})] {
            let request = api
                .client
                .post(api.url(DOWNLOAD))
                .header(name, secret)
                .header("x-harmless", "kept");
            api.send(request.json(&body)).await;
        }
    }
    let snapshot = api.get("/snapshot?journal=true").await.to_string();
    assert!(snapshot.contains("x-harmless: kept"));
    assert!(snapshot.contains("linker-sign: (not kept)"), "{snapshot}");
    assert!(snapshot.contains("token: (not kept)"));
    assert!(!snapshot.contains(secret));
    let journal = api.get("/journal").await.to_string();
    assert!(!journal.contains(secret));
}

#[tokio::test]
async fn a_header_that_is_no_text_is_told_with_what_can_be_read_of_it() {
    let api = Api::start().await;
    let mut raw = api.connect().await;
    raw.send(b"GET / HTTP/1.1\r\nhost: x\r\nx: a\xffb\r\nlast: z\r\n\r\n")
        .await;
    raw.until("404").await;
    let journal = api.get("/journal").await;
    let told = ["host: x", "x: a\u{fffd}b", "last: z"];
    assert_eq!(entries(&journal)[0]["headers"], json!(told));
}

#[tokio::test]
async fn it_is_filtered_and_read_page_by_page() {
    let api = Api::start().await;
    let id = api.start_download(&valid()).await;
    for _ in 0..3 {
        api.percent(&id).await;
    }
    api.download(&but("source_type", "1"))
        .await
        .rejected(200, "40005");
    let count = |journal: Value| entries(&journal).len();
    assert_eq!(
        count(api.get("/journal?operation=queryDownloadProgress").await),
        3
    );
    assert_eq!(count(api.get("/journal?outcome=refused").await), 1);
    assert_eq!(
        count(
            api.get("/journal?outcome=read&operation=startDownload")
                .await
        ),
        0
    );
    let (mut seen, mut since) = (Vec::new(), 0);
    loop {
        let page = api.get(&format!("/journal?limit=2&since={since}")).await;
        seen.extend(entries(&page).iter().map(|e| e["number"].as_u64().unwrap()));
        since = page["last"].as_u64().unwrap();
        if page["more"] == false {
            break;
        }
    }
    assert_eq!(seen, [1, 2, 3, 4, 5]);
    api.control("DELETE", "/journal", Value::Null).await.empty();
    api.percent(&id).await;
    let journal = api.get("/journal").await;
    assert_eq!(entries(&journal)[0]["number"], 6, "numbers go on");
}

#[tokio::test]
async fn bounds_are_kept_and_told() {
    let api = with_limits(Limits {
        journal_entries: 10,
        journal_body: 64,
        ..Limits::default()
    })
    .await;
    for _ in 0..500 {
        api.post(DOWNLOAD, format!("[{}]", "1,".repeat(1_000)))
            .await;
    }
    let journal = api.get("/journal").await;
    assert_eq!(entries(&journal).len(), 10);
    assert_eq!(
        (&journal["last"], &journal["dropped"]),
        (&json!(500), &json!(490))
    );
    let body = &entries(&journal)[0]["body"];
    assert_eq!(
        (&body["length"], &body["cut"]),
        (&json!(2_002), &json!(true))
    );
    assert_eq!(body["text"].as_str().unwrap().len(), 64);

    let by_bytes = with_limits(Limits {
        journal_bytes: 20_000,
        ..Limits::default()
    })
    .await;
    for _ in 0..50 {
        by_bytes
            .post(DOWNLOAD, format!("{{{}", "x".repeat(4_000)))
            .await;
    }
    let journal = by_bytes.get("/journal").await;
    assert!(
        journal["bytes"].as_u64().unwrap() <= 20_000,
        "{}",
        journal["bytes"]
    );
    let kept = entries(&journal).len() as u64;
    assert!((1..5).contains(&kept), "{kept}");
    assert_eq!(journal["dropped"], 50 - kept);
}

#[tokio::test]
async fn of_many_violations_the_first_are_kept_and_all_are_counted() {
    let api = Api::edited(&[(
        "    DownloadRequest:\n      type: object\n",
        "    DownloadRequest:\n      type: object\n      additionalProperties: false\n",
    )])
    .await;
    let mut body = valid();
    for n in 0..500 {
        body[format!("unknown{n}")] = json!(n);
    }
    api.download(&body).await;
    let journal = api.get("/journal").await;
    let entry = &entries(&journal)[0];
    assert_eq!(entry["violations"].as_array().unwrap().len(), 64);
    assert_eq!(entry["violation_count"], 500);
}

#[tokio::test]
async fn none_is_kept_where_none_is_wanted() {
    let api = with_limits(Limits {
        journal_entries: 0,
        ..Limits::default()
    })
    .await;
    api.download(&valid()).await.accepted();
    let journal = api.get("/journal").await;
    assert_eq!(journal["entries"], json!([]));
    assert_eq!(journal["last"], 0);
}

#[tokio::test]
async fn expectations_are_held_against_it() {
    let api = Api::start().await;
    let id = api.start_download(&valid()).await;
    api.start_download(&but("channel", "2")).await;
    api.download(&but("source_type", "1"))
        .await
        .rejected(200, "40005");
    for _ in 0..3 {
        api.percent(&id).await;
    }
    let verify = async |expectations: Value| {
        api.control("POST", "/journal/verify", expectations)
            .await
            .json(200)
    };
    let good = verify(json!([
        {"operation": "startDownload", "count": 3},
        {"operation": "startDownload", "outcome": "started", "members": {"channel": "2"}, "count": 1},
        {"members": {"/stream_id": id}, "min": 2, "max": 3},
        {"outcome": "refused", "error": "unsupported-source-type", "max": 1},
        {"path": "/api/*", "method": "POST", "status": 200},
    ]))
    .await;
    assert_eq!(good["ok"], true, "{good}");
    assert_eq!(good["dropped"], 0);
    let bad = verify(json!([
        {"operation": "startDownload", "count": 2},
        {"members": {"channel": "3"}},
        {"outcome": "read", "min": 4},
        {"outcome": "read", "max": 2},
        {"outcome": "read", "min": 5, "max": 9},
    ]))
    .await;
    assert_eq!(bad["ok"], false);
    let told: Vec<_> = bad["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| {
            (
                r["ok"].as_bool().unwrap(),
                r["count"].as_u64().unwrap(),
                r["expected"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (false, 3, "exactly 2"),
            (false, 0, "at least 1"),
            (false, 3, "at least 4"),
            (false, 3, "at most 2"),
            (false, 3, "from 5 to 9"),
        ]
    );
}

#[tokio::test]
async fn what_http_refuses_is_noted_too() {
    let limits = Limits {
        max_body: 100,
        ..Limits::default()
    };
    let api = with_limits(limits).await;
    api.post(DOWNLOAD, "x".repeat(200)).await;
    let journal = api.get("/journal").await;
    assert_eq!(entries(&journal)[0]["status"], 413);
    assert_eq!(entries(&journal)[0]["error"], "body-too-large");
}

#[tokio::test]
async fn an_expectation_of_what_the_contract_does_not_have_is_told_with_all_else() {
    let api = Api::start().await;
    let expectations = json!([
        {"operation": "startDownlaod", "count": 0},
        {"operation": "startDownload", "count": 0},
        {"error": "overlaod", "outcome": "lost"},
    ]);
    let got = api.control("POST", "/journal/verify", expectations).await;
    let mut members = got.members(400);
    members.sort_unstable();
    assert_eq!(members, ["/0/operation", "/2/error", "/2/outcome"]);
}

#[tokio::test]
async fn the_newest_entries_are_listed() {
    let api = Api::start().await;
    for _ in 0..5 {
        api.progress("unknown").await;
    }
    let numbers = async |query: &str| {
        let listed = api.get(&format!("/journal?{query}")).await;
        let entries = listed["entries"].as_array().unwrap().iter();
        let numbers: Vec<_> = entries.map(|e| e["number"].as_u64().unwrap()).collect();
        (numbers, listed["last"].clone(), listed["more"].clone())
    };
    let newest = numbers("latest=true&limit=2").await;
    assert_eq!(newest, (vec![4, 5], json!(5), json!(true)));
    let all = numbers("latest=true&since=3").await;
    assert_eq!(all, (vec![4, 5], json!(5), json!(false)));
    let oldest = numbers("latest=false&limit=2").await;
    assert_eq!(oldest, (vec![1, 2], json!(2), json!(true)));
}
