//! What is accepted, and what is answered then.

use std::collections::HashSet;

use proptest::prelude::*;
use serde_json::json;
use smsload_reference::{DOWNLOAD_PATH, LocalDateTime, StreamId, Window};
use tokio::task::JoinSet;

use crate::source::RATE;
use crate::support::{Api, NAMES, valid, with, within};

#[tokio::test]
async fn an_accepted_request_is_answered_in_the_pages_form() {
    let api = Api::start().await;
    let answer = api
        .download(&within(("2025-04-04T21:39:55", "2025-04-04T21:40:05")))
        .await;
    answer.assert_accepted();
    let id = answer.data("stream_id");
    let expected = json!({
        "code": "0", "message": "",
        "data": { "stream_id": &id, "playback_duration": "10", "playback_file_size": "2000" },
    });
    assert_eq!(answer.body, expected);
    assert!(id.parse::<StreamId>().is_ok());
    assert!(
        id.starts_with(&format!(
            "download:{}:{}:120000",
            NAMES.device, NAMES.channel
        )),
        "{id}"
    );
}

#[tokio::test]
async fn optional_members_and_unknown_ones_change_nothing() {
    let api = Api::start().await;
    for (member, value) in [
        ("platfrom_id", json!(NAMES.platform)),
        ("platfrom_id", json!(null)),
        ("platfrom_id", json!("")),
        ("platform_id", json!(7)),
        ("callback", json!("http://xxxxxx")),
        ("callback", json!(null)),
        ("callback", json!("")),
        ("unknown", json!([{ "channel": null, "x": 1e300 }])),
    ] {
        let answer = api.download(&with(member, value)).await;
        assert_eq!(answer.assert_accepted().seconds(), 30 * 60, "{member}");
    }
}

#[tokio::test]
async fn gaps_do_not_count_and_leap_days_and_year_ends_do() {
    let api = Api::start().await;
    for (window, minutes) in [
        ((NAMES.recorded.0, "2025-04-04T22:20:00"), 40),
        (NAMES.leap_day, 10),
        (NAMES.year_end, 10),
        (("0001-01-01T00:00:00", "9999-12-31T23:59:59"), 60),
    ] {
        let answer = api.download(&within(window)).await;
        assert_eq!(
            answer.assert_accepted().seconds(),
            minutes * 60,
            "{window:?}"
        );
    }
}

#[tokio::test]
async fn media_type_header_names_and_framing_may_be_spelt_in_any_legal_way() {
    let api = Api::start().await;
    let url = format!("{}{DOWNLOAD_PATH}", api.running.url());
    let body = valid().to_string();
    for media_type in [
        "application/json; charset=utf-8",
        "Application/JSON;CHARSET=\"UTF-8\"",
    ] {
        let request = api
            .client
            .post(&url)
            .header("content-type", media_type)
            .body(body.clone());
        api.send(request).await.assert_accepted();
    }
    let mut raw = api.connect().await;
    let half = body.len() / 2;
    let chunks: String = [&body[..half], &body[half..], ""]
        .iter()
        .map(|chunk| format!("{:x}\r\n{chunk}\r\n", chunk.len()))
        .collect();
    let head = "CONTENT-type: application/json\r\nhOST: x\r\nConnection: close\r\nTRANSFER-encoding: chunked";
    raw.send(format!("POST {DOWNLOAD_PATH} HTTP/1.1\r\n{head}\r\n\r\n{chunks}").as_bytes())
        .await;
    let (answer, _) = raw.until_closed().await;
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.contains("\"code\":\"0\""),
        "{answer}"
    );
}

#[tokio::test]
async fn tenant_and_token_are_not_needed_and_not_looked_at() {
    let api = Api::start().await;
    let url = format!("{}{DOWNLOAD_PATH}", api.running.url());
    let request = api
        .client
        .post(url)
        .header("tenant-id", "1")
        .header("Token", "secret");
    api.send(request.json(&valid())).await.assert_accepted();
}

#[tokio::test]
async fn two_hundred_requests_at_once_get_ids_of_their_own() {
    let api = Api::start().await;
    let mut requests = JoinSet::new();
    for _ in 0..200 {
        let url = format!("{}{DOWNLOAD_PATH}", api.running.url());
        let request = api.client.post(url).json(&valid());
        requests.spawn(async move {
            request
                .send()
                .await
                .unwrap()
                .json::<serde_json::Value>()
                .await
                .unwrap()
        });
    }
    let ids: HashSet<String> = requests
        .join_all()
        .await
        .iter()
        .map(|body| body["data"]["stream_id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids.len(), 200);
}

/// Texts of two different times within the recorded half hour, in order.
fn sub_window() -> impl Strategy<Value = (String, String)> {
    let second = 0_u32..=30 * 60;
    let text = |s: u32| {
        let s = s + 30 * 60;
        format!(
            "2025-04-04T{:02}:{:02}:{:02}",
            21 + s / 3600,
            s / 60 % 60,
            s % 60
        )
    };
    (second.clone(), second)
        .prop_filter("an empty window", |(a, b)| a != b)
        .prop_map(move |(a, b)| (text(a.min(b)), text(a.max(b))))
}

#[test]
fn any_recorded_sub_window_is_accepted_and_turned_around_rejected() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let api = runtime.block_on(Api::start());
    let time = |text: &str| text.parse::<LocalDateTime>().unwrap();
    let cases = ProptestConfig {
        cases: 100,
        failure_persistence: None,
        ..Default::default()
    };
    proptest!(cases, |((start, end) in sub_window())| {
        let answer = runtime.block_on(api.download(&within((&start, &end))));
        let seconds = answer.assert_accepted().seconds();
        prop_assert_eq!(seconds, Window::new(time(&start), time(&end)).unwrap().seconds());
        let size: u64 = answer.data("playback_file_size").parse().unwrap();
        prop_assert_eq!(size, seconds * RATE);
        for window in [(&*end, &*start), (&*start, &*start)] {
            let answer = runtime.block_on(api.download(&within(window)));
            answer.assert_rejected(200, "40005");
        }
    });
}

#[test]
fn a_wider_window_is_never_shorter_even_over_gaps() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let api = runtime.block_on(Api::start());
    let time = |minute: u32| {
        let minute = minute + 30;
        format!("2025-04-04T{:02}:{:02}:00", 21 + minute / 60, minute % 60)
    };
    let cases = ProptestConfig {
        cases: 30,
        failure_persistence: None,
        ..Default::default()
    };
    proptest!(cases, |(start in 0_u32..30, end in 30_u32..55, more in 0_u32..20)| {
        let seconds = |start: u32, end: u32| {
            let body = within((&time(start), &time(end)));
            runtime.block_on(api.download(&body)).assert_accepted().seconds()
        };
        let narrow = seconds(start, end);
        prop_assert!(narrow <= u64::from(end - start) * 60);
        prop_assert!(narrow <= seconds(start.saturating_sub(more), end + more));
    });
}

/// The test binary runs itself in other time zones: what it prints must be the same.
#[test]
fn the_zone_of_the_host_does_not_matter() {
    let answer_in = |zone: &str| {
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "--ignored",
                "--nocapture",
                "accepting::prints_what_a_zone_could_change",
            ])
            .env("TZ", zone)
            .output()
            .unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        let answer = printed
            .split("ANSWER ")
            .nth(1)
            .unwrap_or_else(|| panic!("{printed}"));
        answer.lines().next().unwrap().to_owned()
    };
    let answers = ["UTC", "Asia/Shanghai", "America/New_York", "Pacific/Apia"].map(answer_in);
    assert_eq!(answers[0], "200 600 200 600");
    assert!(
        answers.iter().all(|answer| *answer == answers[0]),
        "{answers:?}"
    );
}

#[tokio::test]
#[ignore = "run by the_zone_of_the_host_does_not_matter, in a zone of its choice"]
async fn prints_what_a_zone_could_change() {
    let api = Api::start().await;
    let leap = api.download(&within(NAMES.leap_day)).await;
    let year = api.download(&within(NAMES.year_end)).await;
    println!(
        "\nANSWER {} {} {} {}",
        leap.status,
        leap.seconds(),
        year.status,
        year.seconds()
    );
}
