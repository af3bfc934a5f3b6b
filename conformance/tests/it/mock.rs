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
    let result = run
        .build()
        .unwrap()
        .run(&mut |event: &Event| {
            if std::env::var_os("TIMES").is_some() {
                match event {
                    Event::Exchanged(e)
                        if e.id.contains('#')
                            && !e.id.contains("PROG-06")
                            && !e.id.contains("CALL-10") =>
                    {
                        println!(
                            "{:>9.3} {:>8.3} {} {} {}",
                            e.at.as_secs_f64(),
                            e.took.as_secs_f64(),
                            e.id,
                            e.sent.method,
                            e.answer().map_or("-".to_owned(), |a| format!(
                                "{} {}",
                                a.status,
                                String::from_utf8_lossy(&a.body)
                                    .chars()
                                    .skip(26)
                                    .take(130)
                                    .collect::<String>()
                            ))
                        )
                    }
                    Event::Received(r) => println!(
                        "{:>9.3}          {} {} {}",
                        r.at.as_secs_f64(),
                        r.id,
                        String::from_utf8_lossy(&r.target)
                            .chars()
                            .skip(30)
                            .collect::<String>(),
                        String::from_utf8_lossy(&r.body)
                    ),
                    _ => {}
                }
            }
        })
        .await;
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "prints a matrix"]
async fn matrix() {
    use futures_util::StreamExt;
    let titles = [
        "Tells wrong progress",
        "Takes callback addresses wrongly",
        "Tells wrong callbacks",
        "Serves files wrongly",
    ];
    let wanted = std::env::var("WANTED").unwrap_or_default();
    let all: Vec<_> = misbehave::GROUPS
        .iter()
        .filter(|g| titles.contains(&g.title))
        .flat_map(|g| g.list)
        .filter(|m| wanted.is_empty() || wanted.split(',').any(|w| w == m.name))
        .collect();
    let runs = all.into_iter().map(|m| async move {
        let begun = Instant::now();
        let result = run(
            Some(m.name),
            &["PROG", "CALL", "FILE", "SECU-03", "SECU-06"],
        )
        .await;
        (m, result, begun.elapsed())
    });
    let mut runs = futures_util::stream::iter(runs).buffered(4);
    while let Some((m, result, took)) = runs.next().await {
        let found = failures(&result);
        let missed: Vec<_> = m.catches.iter().filter(|c| !found.contains(*c)).collect();
        let more: Vec<_> = found.iter().filter(|f| !m.catches.contains(f)).collect();
        println!(
            "{} {:?} {}{:?} more {more:?} open {:?}",
            m.name,
            took,
            if missed.is_empty() { "ok " } else { "MISSED " },
            missed,
            inconclusive(&result)
        );
        if !missed.is_empty() || std::env::var_os("WHY").is_some() {
            for l in &result.lines {
                if l.verdict.is_failure() || m.catches.contains(&l.line.id.as_str()) {
                    println!(
                        "      {} {:?} {:?} {:?}",
                        l.line.id,
                        l.verdict,
                        l.reason,
                        l.failure.as_ref().map(|f| (&f.case, &f.expected, &f.got))
                    );
                }
            }
        }
    }
}
