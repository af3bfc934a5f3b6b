//! Accepted requests.

use serde_json::json;

use crate::support::{Api, DOWNLOAD, but, contract, valid};

#[tokio::test]
async fn the_answer_has_the_pages_shape_and_sensible_values() {
    let api = Api::start().await;
    let got = api.download(&valid()).await;
    let data = got.accepted();
    let names: Vec<_> = data.as_object().unwrap().keys().collect();
    assert_eq!(
        names,
        ["stream_id", "playback_duration", "playback_file_size"]
    );
    let id = data["stream_id"].as_str().unwrap();
    assert_eq!(
        id,
        "download:34020000001110000228:34020000001320000666:1200000000"
    );
    assert_eq!(data["playback_duration"], "3600");
    let bytes: u64 = data["playback_file_size"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!(
        (125_000 * 3600..1_000_000 * 3600).contains(&bytes),
        "{bytes}"
    );
    // The answer keeps the contract that it was made from.
    let contract = contract(&[]);
    let operation = contract.operation("startDownload").unwrap();
    let body = got.body.to_string();
    let judged = contract.response(operation, 200, &got.headers, body.as_bytes());
    assert!(judged.violations.is_empty(), "{:?}", judged.violations);
}

#[tokio::test]
async fn what_http_and_json_leave_free_changes_nothing() {
    let api = Api::start().await;
    let post = |media: &str| {
        api.client
            .post(api.url(DOWNLOAD))
            .header("Content-TYPE", media)
    };
    let body = valid().to_string();
    for media in [
        "application/json; charset=utf-8",
        "Application/JSON",
        "application/json;x=y",
    ] {
        api.send(post(media).body(body.clone())).await.accepted();
    }
    let with_headers = post("application/json")
        .header("tenant-id", "t")
        .header("Token", "secret");
    api.send(with_headers.body(body.clone())).await.accepted();
    let escaped = body
        .replace("channel", "\\u0063hannel")
        .replace("\":", "\" :\n\t");
    api.post(DOWNLOAD, escaped).await.accepted();
    api.post(&format!("{DOWNLOAD}?a=b&c=%ff"), body.clone())
        .await
        .accepted();
    let mut unknown = valid();
    unknown["platform_id"] = json!([{"deep": [null]}]);
    api.download(&unknown).await.accepted();
    for (member, value) in [
        ("platfrom_id", "2"),
        ("callback", "http://127.0.0.1:1/a?b=%2F+c"),
    ] {
        api.download(&but(member, value)).await.accepted();
    }
    let mut raw = api.connect().await;
    let chunked = crate::support::raw_post(
        "host: x\r\ntransfer-encoding: chunked\r\n",
        &format!(
            "1\r\n{{\r\n{:x}\r\n{}\r\n0\r\n\r\n",
            body.len() - 1,
            &body[1..]
        ),
    );
    for _ in 0..2 {
        raw.send(&chunked).await;
        assert!(
            raw.until("playback_file_size")
                .await
                .starts_with("HTTP/1.1 200")
        );
    }
}

#[tokio::test]
async fn every_download_has_an_id_of_its_own_also_at_the_same_moment() {
    let api = Api::start().await;
    let body = valid();
    let mut starts = tokio::task::JoinSet::new();
    for _ in 0..64 {
        let request = api.client.post(api.url(DOWNLOAD)).json(&body);
        starts.spawn(async move {
            let got: serde_json::Value = request.send().await.unwrap().json().await.unwrap();
            got["data"]["stream_id"].as_str().unwrap().to_owned()
        });
    }
    let ids: std::collections::HashSet<_> = starts.join_all().await.into_iter().collect();
    assert_eq!(ids.len(), 64);
}

#[tokio::test]
async fn free_text_gets_codes_and_forges_no_part_of_the_id() {
    let api = Api::start().await;
    for channel in [
        "1",
        "前门",
        "a:b:c",
        "x\u{0}y\r\n",
        "34020000001320000666:1200000079",
    ] {
        let mut body = but("channel", channel);
        body["device_unicode"] = json!("55");
        let id = api.start_download(&body).await;
        let parts: Vec<_> = id.split(':').collect();
        assert_eq!(parts.len(), 4, "{id}");
        assert!(
            parts[1..]
                .iter()
                .all(|p| p.bytes().all(|b| b.is_ascii_digit())),
            "{id}"
        );
        let lengths: Vec<_> = parts.iter().map(|part| part.len()).collect();
        assert_eq!(lengths, [8, 20, 20, 10], "{id}");
    }
}

#[tokio::test]
async fn the_same_seed_gives_the_same_answers_and_two_servers_do_not_meet() {
    let (one, two) = (Api::start().await, Api::start().await);
    let other = Api::with(|builder| builder.seed(2)).await;
    for channel in ["1", "2", "3"] {
        let body = but("channel", channel);
        let first = one.download(&body).await.accepted();
        assert_eq!(first, two.download(&body).await.accepted());
        let third = other.download(&body).await.accepted();
        assert_eq!(first["stream_id"], third["stream_id"]);
        assert_ne!(first["playback_file_size"], third["playback_file_size"]);
    }
    let only_in_one = one.start_download(&but("channel", "only")).await;
    assert_eq!(one.percent(&only_in_one).await, 0);
    two.progress(&only_in_one).await.rejected(200, "40404");
    // Their clocks are their own, too.
    one.clock.advance(std::time::Duration::from_secs(3000));
    assert_eq!(one.percent(&only_in_one).await, 100);
    let id = two.start_download(&valid()).await;
    assert_eq!(two.percent(&id).await, 0);
}
