//! What the proxy adds to an exchange: `cargo bench -p smsload-mock --bench proxy`.
#![allow(clippy::unwrap_used, reason = "a bench may fail loudly")]
#![allow(missing_docs, reason = "benches are run, not linked to")]

use smsload_mock::MockServer;
use smsload_mock::proxy::Proxy;
use tokio::runtime::Runtime;

const PATH: &str = "/api/smsload/playback/v1/queryDownloadProgress";

fn main() {
    divan::main();
}

/// One request and answer on a kept connection, straight to the mock or through the proxy.
#[divan::bench(args = ["direct", "proxied"])]
fn exchange(bencher: divan::Bencher<'_, '_>, way: &str) {
    let runtime = Runtime::new().unwrap();
    let mock = runtime.block_on(MockServer::builder().start()).unwrap();
    let upstream = mock.url().parse().unwrap();
    let proxy = runtime.block_on(Proxy::builder(upstream).start()).unwrap();
    let root = if way == "direct" {
        mock.url()
    } else {
        proxy.url()
    };
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let body = r#"{"stream_id": "download:1:2:3"}"#;
    bencher.bench(|| {
        runtime.block_on(async {
            let request = client.post(format!("{root}{PATH}"));
            let request = request.header("content-type", "application/json");
            request.body(body).send().await.unwrap().bytes().await
        })
    });
}
