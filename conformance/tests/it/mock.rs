//! The mock at high speed, correct and misbehaving: what only a download watched over time can show.

use std::time::{Duration, Instant};

use smsload_conformance::{BaseUrl, Event, Fixtures, Run, RunResult, Target, Verdict, Window};
use smsload_mock::{MockServer, misbehave};
use smsload_spec::{Contract, Profile};

use crate::server::{CHANNEL, DEVICE};
use crate::support::{failures, inconclusive};

/// Recorded seconds pass 8 to 32 times as fast by themselves.
const SPEED: f64 = 50.0;

fn target(address: &str) -> Target {
    let recorded = Window::parse("2025-04-04T08:00:00", "2025-04-04T14:00:00").unwrap();
    let mut fixtures = Fixtures::new(DEVICE, CHANNEL, recorded);
    fixtures.platform_id = Some("2".into());
    fixtures.unknown_device = Some("34020000001110000404".into());
    fixtures.unknown_channel = Some("34020000001320000404".into());
    let mut target = Target::new(BaseUrl::parse(address).unwrap(), fixtures);
    target.declared.progress_query = true;
    target.declared.callbacks = true;
    target.declared.files = true;
    target.limits.completion_seconds = 8;
    target.limits.keep_seconds = 2;
    target.limits.security_gap_milliseconds = 0;
    target
}

async fn run(name: Option<&str>, only: &[&str]) -> RunResult {
    let builder = MockServer::builder().speed(SPEED).seed(7);
    let builder = match name {
        Some(name) => builder.misbehave(misbehave::find(name).unwrap()),
        None => builder,
    };
    let server = builder.start().await.unwrap();
    let run = Run::builder(Contract::bundled(), target(&server.url()))
        .seed(42)
        .cases(12)
        .only(only.iter().copied());
    let result = run.build().unwrap().run(&mut |_: &Event| {}).await;
    server.stop().await;
    result
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_correct_one_passes_everything() {
    let begun = Instant::now();
    let result = run(None, &["PROG", "CALL", "FILE", "SECU-03", "SECU-06"]).await;
    for line in &result.lines {
        println!(
            "{} {:?} {} {:?}",
            line.line.id, line.verdict, line.cases, line.reason
        );
        if let Some(f) = &line.failure {
            println!("   {} | {} | {}", f.case, f.expected, f.got);
        }
    }
    println!("{:?}", begun.elapsed());
    assert!(failures(&result).is_empty() && inconclusive(&result).is_empty());
    assert!(begun.elapsed() < Duration::from_secs(15));
    assert!(result.count(Verdict::Pass) > 30);
    let _ = Profile::Full;
}
