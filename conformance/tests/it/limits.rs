//! What the target file allows is kept to.

use std::sync::Arc;
use std::time::Duration;

use smsload_conformance::{Event, Exchange, Fixtures, Run, Target, Verdict};
use smsload_mock::MockServer;
use smsload_spec::Contract;

use crate::server::{Choices, Fault, serve};
use crate::support::target;

/// What was sent for one line, in order, and its verdict.
async fn run(target: Target, line: &str) -> (Vec<Arc<Exchange>>, Verdict) {
    let mut sent = Vec::new();
    let mut reporter = |event: &Event| {
        if let Event::Exchanged(exchange) = event {
            sent.push(Arc::clone(exchange));
        }
    };
    let run = Run::builder(Contract::bundled(), target)
        .only([line])
        .cases(8);
    let result = run.build().unwrap().run(&mut reporter).await;
    sent.sort_by_key(|exchange| exchange.at);
    (sent, result.line(line).unwrap().verdict)
}

fn starts(sent: &[Arc<Exchange>]) -> Vec<&Arc<Exchange>> {
    let is_start = |e: &&Arc<Exchange>| e.sent.url.ends_with("/download");
    sent.iter().filter(is_start).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_many_requests_a_second() {
    let mut target = target(&serve(Choices::default(), Fault::None).await);
    target.limits.requests_per_second = Some(50.0);
    let (sent, verdict) = run(target, "BODY-01").await;
    assert_eq!(verdict, Verdict::Pass);
    let (first, last) = (sent.first().unwrap().at, sent.last().unwrap().at);
    let gaps = u32::try_from(sent.len()).unwrap() - 1;
    assert!(gaps > 20 && last - first >= Duration::from_millis(20) * gaps * 9 / 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_many_downloads_at_once() {
    let mut target = target(&serve(Choices::default(), Fault::None).await);
    target.declared.progress_query = false;
    target.limits.downloads_at_once = Some(3);
    target.limits.completion_seconds = 1;
    let (sent, verdict) = run(target, "STRM-04").await;
    assert_eq!(verdict, Verdict::Pass);
    let starts = starts(&sent);
    assert!(starts.len() > 6, "{}", starts.len());
    // Nobody tells the end: each download has its place for all of its second.
    for (early, late) in starts.iter().zip(&starts[3..]) {
        assert!(
            late.at >= early.at + Duration::from_millis(990),
            "{} {}",
            early.id,
            late.id
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_download_at_its_end_makes_room() {
    let mock = MockServer::builder()
        .listen(([127, 0, 0, 1], 0).into())
        .speed(1_000.0)
        .start()
        .await
        .unwrap();
    let fixtures = Fixtures::from_example(&Contract::bundled()).unwrap();
    let mut target = target(&mock.url());
    target.fixtures = fixtures;
    target.limits.downloads_at_once = Some(2);
    target.limits.completion_seconds = 100_000;
    let (sent, verdict) = run(target, "STRM-04").await;
    assert_eq!(verdict, Verdict::Pass);
    assert!(starts(&sent).len() > 6);
    assert!(sent.iter().any(|e| e.id.contains(".live")));
}

/// Random cases take what is left, but nothing that a later line needs for the cases that are always run.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_cases_leave_downloads_for_what_comes_later() {
    let mut target = target(&serve(Choices::default(), Fault::None).await);
    target.limits.downloads = Some(120);
    let lines = [
        "ACC", "RESP", "BODY", "SRC", "TIME", "STRM", "ROBU-01", "ROBU-03", "ROBU-05", "ROBU-06",
        "ROBU-07",
    ];
    let run = Run::builder(Contract::bundled(), target)
        .only(lines)
        .cases(500);
    let result = run.build().unwrap().run(&mut |_: &Event| {}).await;
    let line = result.line("ROBU-07").unwrap();
    assert_eq!(line.verdict, Verdict::Pass, "{:?}", line.reason);
}
