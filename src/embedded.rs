//! The reference implementation inside the process, as the target of `smsload verify` when none is named.

use std::net::Ipv4Addr;
use std::num::{NonZeroU16, NonZeroU32};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use smsload_conformance::{BaseUrl, Declared, Fixtures, Network, Secret, Target, Tenants, Window};
use smsload_reference::{
    Archive, Capabilities, Config, Fixtures as Demo, Reference, Running, demo, read_network,
};
use tempfile::TempDir;

use crate::serve::demo_folder;

/// The only address that it calls: the runner's receiver is there.
const CALLED: &str = "127.0.0.1";

/// The reference with its demo recordings, on a free port of this machine. What it writes is gone when it stops.
#[derive(Debug)]
pub(crate) struct Embedded {
    running: Running,
    capabilities: Capabilities,
    _recordings: TempDir,
}

impl Embedded {
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let recordings = demo_folder()?;
        demo::write_archive(recordings.path())
            .context("cannot write the recordings of the embedded reference")?;
        let source = Arc::new(Archive::new(recordings.path()));
        let reference = Reference::with_source(config(), source)?;
        let capabilities = reference.capabilities();
        let running = reference
            .start((Ipv4Addr::LOCALHOST, 0).into())
            .await
            .context("cannot start the embedded reference on 127.0.0.1")?;
        Ok(Self {
            running,
            capabilities,
            _recordings: recordings,
        })
    }

    /// What a target file would say of it. It declares what it has by now, and nothing else.
    pub(crate) fn target(&self) -> anyhow::Result<Target> {
        let demo = Demo::DEMO;
        let window = |(start, end): (&str, &str)| Window::parse(start, end);
        let mut fixtures = Fixtures::new(demo.device, demo.channel, window(demo.recorded)?);
        fixtures.platform_id = Some(demo.platform.to_owned());
        fixtures.unknown_device = Some(demo.unknown_device.to_owned());
        fixtures.unknown_channel = Some(demo.unknown_channel.to_owned());
        fixtures.empty_window = Some(window(demo.empty)?);
        // Nobody listens there, so that it is refused at once.
        fixtures.callback = Some(format!("http://{CALLED}:9/"));
        let mut target = Target::new(BaseUrl::parse(&self.running.url())?, fixtures);
        target.callbacks.allowed =
            vec![Network::try_from(CALLED.to_owned()).map_err(anyhow::Error::msg)?];
        target.busy.codes = vec!["42900".to_owned()];
        let tenant = |name: &str| anyhow::Ok(vec![("tenant-id".parse()?, Secret::new(name))]);
        target.tenants = Some(Tenants {
            a: tenant("a")?,
            b: tenant("b")?,
        });
        // It forgets nothing while it runs.
        target.limits.keep_seconds = 2;
        target.declared = Declared {
            progress_query: self.capabilities.progress,
            callbacks: self.capabilities.callbacks,
            files: self.capabilities.files,
            tenants: true,
            ..Declared::default()
        };
        Ok(target)
    }

    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        self.running
            .shutdown()
            .await
            .context("the embedded reference did not stop cleanly")
    }
}

/// The demo's settings, but quicker: half an hour is transferred in half a second, and callbacks are tried again soon.
fn config() -> Config {
    let mut config = Config::demo();
    // Slow enough that progress is seen to move.
    config.jobs.speed = NonZeroU32::new(3600);
    config.jobs.at_work = NonZeroU16::MIN.saturating_add(255);
    config.jobs.save_every = Duration::from_millis(50);
    config.jobs.keep = Duration::from_secs(120);
    config.callbacks.allow = read_network(CALLED).into_iter().collect();
    // The last wait is longer than a run: that nobody listens at an address is no news for its reader.
    config.callbacks.retry = vec![Duration::from_millis(250); 10];
    config.callbacks.retry.push(Duration::from_secs(600));
    config.callbacks.deadline = Duration::from_secs(2);
    config
}
