//! No false alarm: the correct mock, mocks that use the page's freedom, and the embedded reference.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use smsload_conformance::{Declared, EXIT_CONFORMS, RunResult, Target, Window};
use smsload_mock::{MockServerBuilder, RejectStatus};
use smsload_reference::{
    Archive, Capabilities, Config, Fixtures as Demo, Reference, Running, demo, read_network,
};

use tokio::task::JoinSet;

use crate::trial::{Ticking, judge, mock, sink, target, target_with, wrong};
use crate::variants::VARIANTS;

/// Seeds that each correct server must pass with.
const SEEDS: u64 = 5;

fn assert_right(what: &str, seed: u64, result: &RunResult) {
    let wrong = wrong(result);
    assert!(
        wrong.is_empty(),
        "{what}, seed {seed}:\n{}",
        wrong.join("\n")
    );
    assert_eq!(result.exit_code(), EXIT_CONFORMS, "{what}, seed {seed}");
}

async fn passes(
    what: &str,
    builder: MockServerBuilder,
    seeds: std::ops::Range<u64>,
    declare: impl Fn(&mut Target),
) {
    let callback = sink().await;
    for seed in seeds {
        let server = Ticking::start(builder.clone()).await;
        let mut target = target(&server.url(), &callback);
        declare(&mut target);
        let result = judge(target, seed).await;
        assert_right(what, seed, &result);
        server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_correct_mock_passes_whatever_the_seed() {
    passes("the mock", mock(), 0..SEEDS, |_| {}).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_it_does_where_rejections_have_statuses() {
    let builder = mock().reject_status(RejectStatus::Error);
    passes("with statuses", builder, 0..2, |_| {}).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_uses_the_freedom_of_the_page_is_accused_of_nothing() {
    let callback = sink().await;
    let mut tasks = JoinSet::new();
    for (seed, variant) in (0..).zip(VARIANTS) {
        let callback = callback.clone();
        tasks.spawn(async move {
            let server = Ticking::start(mock().contract(variant.contract())).await;
            let target = target_with(&server.url(), &callback, variant.more);
            assert_right(variant.what, seed, &judge(target, seed).await);
            server.stop().await;
        });
    }
    tasks.join_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_target_does_not_have_is_not_demanded() {
    passes("without a query", mock(), 0..1, |target| {
        target.declared.progress_query = false;
    })
    .await;
    passes("without callbacks", mock(), 0..1, |target| {
        target.declared.callbacks = false;
    })
    .await;
    passes("without files", mock(), 0..1, |target| {
        target.declared.files = false;
    })
    .await;
    passes("with little more than an address", mock(), 0..1, |target| {
        target.declared = Declared::default();
        target.headers.clear();
        target.tenants = None;
        target.limits.downloads = Some(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_reference_passes_whatever_the_seed() {
    let callback = sink().await;
    let recordings = tempfile::tempdir().unwrap();
    demo::write_archive(recordings.path()).unwrap();
    for seed in 0..SEEDS {
        let source = Arc::new(Archive::new(recordings.path()));
        let reference = Reference::with_source(config(), source).unwrap();
        let has = reference.capabilities();
        let running = reference
            .start((Ipv4Addr::LOCALHOST, 0).into())
            .await
            .unwrap();
        let target = reference_target(&running, has, &callback);
        assert_right("the reference", seed, &judge(target, seed).await);
        running.shutdown().await.unwrap();
    }
}

/// The demo's settings, with nobody to wait for: as fast as the disk, and callbacks tried again soon.
fn config() -> Config {
    let mut config = Config::demo();
    config.jobs.speed = None;
    config.jobs.save_every = Duration::from_millis(50);
    config.callbacks.allow = read_network("127.0.0.1").into_iter().collect();
    config.callbacks.retry = vec![Duration::from_millis(250); 10];
    config.callbacks.deadline = Duration::from_secs(2);
    config
}

/// What a target file would say of the reference, as far as it says what it has.
fn reference_target(running: &Running, has: Capabilities, callback: &str) -> Target {
    let demo = Demo::DEMO;
    let window = |(start, end): (&str, &str)| Window::parse(start, end).unwrap();
    let mut target = target(&running.url(), callback);
    let fixtures = &mut target.fixtures;
    fixtures.device = demo.device.to_owned();
    fixtures.channel = demo.channel.to_owned();
    fixtures.recorded = window(demo.recorded);
    fixtures.platform_id = Some(demo.platform.to_owned());
    fixtures.unknown_device = Some(demo.unknown_device.to_owned());
    fixtures.unknown_channel = Some(demo.unknown_channel.to_owned());
    fixtures.empty_window = Some(window(demo.empty));
    target.busy.codes = vec!["42900".to_owned()];
    target.declared = Declared {
        progress_query: has.progress,
        callbacks: has.callbacks,
        files: has.files,
        ..Declared::default()
    };
    target
}
