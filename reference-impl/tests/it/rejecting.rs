//! What is rejected, with which code, and that the message names the member.

use proptest::prelude::*;
use serde_json::{Value, json};
use smsload_reference::{DOWNLOAD_PATH, PROGRESS_PATH, RejectionStatus};

use crate::support::{Api, NAMES, config, valid, with, within, without};

const REQUIRED: [&str; 5] = [
    "device_unicode",
    "source_type",
    "channel",
    "start_time",
    "end_time",
];

#[tokio::test]
async fn the_pages_own_example_is_rejected() {
    let api = Api::start().await;
    let example = json!({
        "device_unicode": "55", "platfrom_id": "2", "source_type": "1", "channel": "1",
        "start_time": "2025-04-04T21:36:17", "end_time": "2024-06-21T10:16:23",
        "callback": "http://xxxxxx",
    });
    api.download(&example).await.assert_rejected(200, "42201");
}

#[tokio::test]
async fn each_required_member_must_be_there_as_a_string_with_something_in_it() {
    let api = Api::start().await;
    for member in REQUIRED {
        let answer = api.download(&without(member)).await;
        assert!(
            answer
                .assert_rejected(200, "40002")
                .message()
                .contains(member)
        );
        for value in [
            json!(null),
            json!(3),
            json!(true),
            json!(["3"]),
            json!({ "3": "3" }),
            json!(""),
            json!(" "),
        ] {
            let answer = api.download(&with(member, value)).await;
            assert!(
                answer
                    .assert_rejected(200, "40003")
                    .message()
                    .contains(member)
            );
        }
    }
    for member in ["platfrom_id", "callback"] {
        let answer = api.download(&with(member, 3)).await;
        assert!(
            answer
                .assert_rejected(200, "40003")
                .message()
                .contains(member)
        );
    }
}

#[tokio::test]
async fn a_name_in_another_letter_case_is_an_unknown_member() {
    let api = Api::start().await;
    let mut body = without("channel");
    body["Channel"] = json!(NAMES.channel);
    api.download(&body).await.assert_rejected(200, "40002");
}

#[tokio::test]
async fn members_that_appear_twice_are_rejected_always_alike() {
    let api = Api::start().await;
    let object = valid().to_string();
    let twice = format!(
        "{},\"channel\":\"{}\"}}",
        &object[..object.len() - 1],
        NAMES.channel
    );
    let first = api.post(DOWNLOAD_PATH, twice.clone()).await;
    assert!(
        first
            .assert_rejected(200, "40004")
            .message()
            .contains("channel")
    );
    for _ in 0..5 {
        assert_eq!(api.post(DOWNLOAD_PATH, twice.clone()).await, first);
    }
}

#[tokio::test]
async fn another_source_type_is_told_apart_from_a_malformed_request() {
    let api = Api::start().await;
    for text in [
        "1", "2", "4", "5", "6", "7", " 3", "3 ", "03", "3.0", "+3", "３", "٣", "3\0",
    ] {
        let answer = api.download(&with("source_type", text)).await;
        assert!(
            answer
                .assert_rejected(200, "42201")
                .message()
                .contains("source_type")
        );
    }
}

#[tokio::test]
async fn times_are_read_strictly() {
    let api = Api::start().await;
    for member in ["start_time", "end_time"] {
        for text in [
            "x",
            "2025-04-04",
            "2025-04-04 09:00:00",
            "2025-04-04t09:00:00",
            "2025-04-04T09:00",
            "2025-04-04T09:00:00Z",
            "2025-04-04T09:00:00+08:00",
            "2025-04-04T09:00:00.5",
            "2025/04/04T09:00:00",
            "2025-4-4T9:00:00",
            "1743728400",
            "２025-04-04T09:00:00",
            " 2025-04-04T09:00:00",
            "2025-04-04T09:00:00 ",
            "2025-04-04T24:00:00",
            "2025-02-29T09:00:00",
            "2025-04-31T09:00:00",
            "2025-04-04T09:00:60",
            "2025-04-04T09:60:00",
        ] {
            let answer = api.download(&with(member, text)).await;
            assert!(
                answer
                    .assert_rejected(200, "40003")
                    .message()
                    .contains(member),
                "{text}"
            );
        }
    }
}

#[tokio::test]
async fn what_is_unknown_or_not_recorded_has_a_code_of_its_own() {
    let api = Api::start().await;
    for (body, code, member) in [
        (
            with("device_unicode", NAMES.unknown_device),
            "42202",
            "device_unicode",
        ),
        (with("device_unicode", "55"), "42202", "device_unicode"),
        (with("channel", NAMES.unknown_channel), "42203", "channel"),
        (with("channel", NAMES.foreign_channel), "42203", "channel"),
        (with("channel", "1:1200000079\r\n\0"), "42203", "channel"),
        (within(NAMES.empty), "42204", "start_time"),
        (within(NAMES.gap), "42204", "end_time"),
        (
            within(("2999-01-01T00:00:00", "2999-01-02T00:00:00")),
            "42204",
            "end_time",
        ),
        (with("callback", "xxxxxx"), "40003", "callback"),
        (with("callback", "ftp://a.example/"), "40003", "callback"),
        (
            with("callback", "http://a.example/\r\nX: y"),
            "40003",
            "callback",
        ),
    ] {
        let answer = api.download(&body).await;
        assert!(
            answer.assert_rejected(200, code).message().contains(member),
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn the_other_form_of_rejection_has_4xx_statuses() {
    let mut config = config();
    config.rejection_status = RejectionStatus::Http4xx;
    let api = Api::with(config).await;
    api.download(&valid()).await.assert_accepted();
    api.download(&without("channel"))
        .await
        .assert_rejected(400, "40002");
    api.download(&with("source_type", "1"))
        .await
        .assert_rejected(422, "42201");
    api.download(&with("channel", "x"))
        .await
        .assert_rejected(422, "42203");
    api.progress("x").await.assert_rejected(422, "42205");
}

#[tokio::test]
async fn another_content_type_or_none_is_rejected() {
    let api = Api::start().await;
    let body = valid().to_string();
    for path in [DOWNLOAD_PATH, PROGRESS_PATH] {
        let post = || {
            api.client
                .post(format!("{}{path}", api.running.url()))
                .body(body.clone())
        };
        let json = "application/json";
        for request in [
            post(),
            post().header("content-type", "text/plain"),
            post().header("content-type", ""),
            post().header("content-type", "application/x-www-form-urlencoded"),
            post().header("content-type", "application/json; charset=gbk"),
            post()
                .header("content-type", json)
                .header("content-type", json),
            post()
                .header("content-type", json)
                .header("content-encoding", "gzip"),
        ] {
            api.send(request).await.assert_rejected(200, "41500");
        }
    }
}

#[tokio::test]
async fn a_stream_id_that_names_no_download_is_rejected() {
    let api = Api::start().await;
    let id = api.download(&valid()).await.data("stream_id");
    api.progress(&id).await.assert_accepted();
    let forged = id.replace(NAMES.channel, NAMES.unknown_channel);
    for text in [
        &id[..id.len() - 1],
        &format!("{id}0"),
        &format!("{id} "),
        "x",
        "download:::",
        "\0",
        &forged,
    ] {
        let answer = api.progress(text).await;
        assert!(
            answer
                .assert_rejected(200, "42205")
                .message()
                .contains("stream_id")
        );
    }
    for (body, code) in [
        (json!({}), "40002"),
        (json!({ "stream_id": "" }), "40003"),
        (json!({ "stream_id": null }), "40003"),
        (json!({ "stream_id": 7 }), "40003"),
        (json!({ "stream_id": [id] }), "40003"),
        (json!({ "streamId": id }), "40002"),
    ] {
        let answer = api.post(PROGRESS_PATH, body.to_string()).await;
        assert!(
            answer
                .assert_rejected(200, code)
                .message()
                .contains("stream_id")
        );
    }
}

#[test]
fn any_other_string_than_three_is_rejected_and_never_repeated() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let api = runtime.block_on(Api::start());
    let cases = ProptestConfig {
        cases: 100,
        failure_persistence: None,
        ..Default::default()
    };
    proptest!(cases, |(text in "[3 0.+\\PC]{1,6}|\\PC{20,400}")| {
        prop_assume!(text != "3" && !text.trim().is_empty());
        let answer = runtime.block_on(api.download(&with("source_type", Value::from(text.clone()))));
        answer.assert_rejected(200, "42201");
        prop_assert!(text.len() < 20 || !answer.message().contains(&text));
    });
}
