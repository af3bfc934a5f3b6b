//! The server: this program again, in a process that can be killed.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use smsload_reference::{Config, Reference};

use crate::source::Source;

/// What the process does: serves until it is killed.
pub(crate) fn serve(folder: &str) {
    let mut config = Config::from_toml("sip_domain = '3402000000'").unwrap();
    config.data_dir = Some(folder.into());
    config.jobs.save_every = Duration::from_millis(5);
    config.callbacks.allow = vec!["127.0.0.1/32".parse().unwrap()];
    config.callbacks.retry = vec![Duration::from_millis(40); 1000];
    config.callbacks.deadline = Duration::from_millis(500);
    crate::runtime().block_on(async {
        let reference = Reference::with_source(config, Arc::new(Source)).unwrap();
        let running = reference.start(([127, 0, 0, 1], 0).into()).await.unwrap();
        println!("listening on {}", running.addr());
        std::future::pending::<()>().await;
    });
}

/// A process that serves.
pub(crate) struct Server {
    child: Child,
    addr: SocketAddr,
}

impl Server {
    /// Starts one, and waits until it serves.
    pub(crate) async fn start(folder: &Path) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.arg("serve").arg(folder).stdout(Stdio::piped());
        tokio::task::spawn_blocking(move || {
            let mut child = command.spawn().unwrap();
            let mut line = String::new();
            let mut output = BufReader::new(child.stdout.take().unwrap());
            output.read_line(&mut line).unwrap();
            let addr = line.trim().strip_prefix("listening on ");
            let addr = addr.unwrap_or_else(|| panic!("the server does not start: {line:?}"));
            Self {
                addr: addr.parse().unwrap(),
                child,
            }
        })
        .await
        .unwrap()
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// SIGKILL: it has no chance to put anything in order.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}
