//! Tokens and tenants.

use serde_json::json;
use smsload_reference::{DOWNLOAD_PATH, PROGRESS_PATH, TokenDigest, TokenRule};

use crate::support::{Answer, Api, config, valid, within};

const MINUTE: (&str, &str) = ("2025-04-04T21:30:00", "2025-04-04T21:31:00");

type Headers<'a> = &'a [(&'a str, &'a str)];

async fn ask(api: &Api, path: &str, headers: Headers<'_>, body: &serde_json::Value) -> Answer {
    let mut request = api
        .client
        .post(format!("{}{path}", api.running.url()))
        .json(body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    api.send(request).await
}

async fn progress(api: &Api, headers: Headers<'_>, id: &str) -> Answer {
    ask(api, PROGRESS_PATH, headers, &json!({ "stream_id": id })).await
}

async fn guarded() -> Api {
    let rule = |token: &str, tenant: Option<&str>| TokenRule {
        sha256: TokenDigest::of(token),
        tenant: tenant.map(|tenant| tenant.parse().unwrap()),
    };
    let mut config = config();
    config.access.tokens = vec![rule("any", None), rule("only-a", Some("a"))];
    Api::with(config).await
}

#[tokio::test]
async fn configured_tokens_are_a_must_for_both_operations() {
    let api = guarded().await;
    for path in [DOWNLOAD_PATH, PROGRESS_PATH] {
        for headers in [
            &[][..],
            &[("token", "")],
            &[("token", "anyy")],
            &[("token", "ANY")],
            &[("token", "any"), ("token", "any")],
            &[("authorization", "Bearer any")],
        ] {
            let answer = ask(&api, path, headers, &valid()).await;
            answer.assert_rejected(200, "40100");
        }
    }
    let answer = ask(&api, DOWNLOAD_PATH, &[("Token", "any")], &within(MINUTE)).await;
    answer.assert_accepted();
    let foreign = [("token", "only-a"), ("tenant-id", "b")];
    let answer = ask(&api, DOWNLOAD_PATH, &foreign, &valid()).await;
    answer.assert_rejected(200, "40300");
}

#[tokio::test]
async fn another_tenants_download_is_unknown_in_the_same_words() {
    let api = Api::start().await;
    let a = [("tenant-id", "a")];
    let own = ask(&api, DOWNLOAD_PATH, &a, &within(MINUTE))
        .await
        .data("stream_id");
    progress(&api, &a, &own).await.assert_accepted();
    let nobodys = own.replace(&own[own.len() - 4..], "9999");
    for stranger in [&[("tenant-id", "b")][..], &[], &[("tenant-id", "A")]] {
        let theirs = progress(&api, stranger, &own).await;
        theirs.assert_rejected(200, "42205");
        assert_eq!(theirs, progress(&api, stranger, &nobodys).await);
    }
    let odd = [("tenant-id", "a b")];
    progress(&api, &odd, &own)
        .await
        .assert_rejected(200, "40000");
}

#[tokio::test]
async fn a_file_is_not_for_who_says_they_are_somebody_else() {
    let api = guarded().await;
    let a = [("token", "only-a")];
    let id = ask(&api, DOWNLOAD_PATH, &a, &within(MINUTE))
        .await
        .data("stream_id");
    let url = crate::support::poll_until("the file", async || {
        let url = progress(&api, &a, &id).await.data("file_url");
        (!url.is_empty()).then_some(url)
    })
    .await;
    let status = async |headers: Headers<'_>| {
        let mut request = api.client.get(&url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(status(&[]).await, 200, "the address is the secret");
    assert_eq!(status(&a).await, 200);
    assert_eq!(status(&[("tenant-id", "b"), ("token", "any")]).await, 404);
    assert_eq!(status(&[("token", "wrong")]).await, 404);
}

#[tokio::test]
async fn one_tenant_cannot_fill_the_queue_of_all() {
    let mut config = config();
    config.jobs.queue_per_tenant = crate::support::capacity(2);
    config.jobs.at_work = crate::support::capacity(1);
    let api = Api::with(config).await;
    api.source
        .0
        .hold
        .store(true, std::sync::atomic::Ordering::SeqCst);
    let mut codes = Vec::new();
    for _ in 0..5 {
        let answer = ask(
            &api,
            DOWNLOAD_PATH,
            &[("tenant-id", "greedy")],
            &within(MINUTE),
        )
        .await;
        codes.push(answer.code().to_owned());
    }
    assert!(codes.contains(&"42900".to_owned()), "{codes:?}");
    ask(
        &api,
        DOWNLOAD_PATH,
        &[("tenant-id", "other")],
        &within(MINUTE),
    )
    .await
    .assert_accepted();
}
