//! The reference implementation inside the process, as the target of `smsload verify` when none is named.

use std::net::Ipv4Addr;

use anyhow::Context as _;
use smsload_conformance::{BaseUrl, Declared, Fixtures, Target, Window};
use smsload_reference::{Capabilities, Config, Fixtures as Demo, Reference, Running};

/// The reference with its demo recordings, on a free port of this machine.
#[derive(Debug)]
pub(crate) struct Embedded {
    running: Running,
    capabilities: Capabilities,
}

impl Embedded {
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let reference = Reference::new(Config::demo())?;
        let capabilities = reference.capabilities();
        let running = reference
            .start((Ipv4Addr::LOCALHOST, 0).into())
            .await
            .context("cannot start the embedded reference on 127.0.0.1")?;
        Ok(Self {
            running,
            capabilities,
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
        let mut target = Target::new(BaseUrl::parse(&self.running.url())?, fixtures);
        target.declared = Declared {
            progress_query: self.capabilities.progress,
            callbacks: self.capabilities.callbacks,
            files: self.capabilities.files,
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
