use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// What a finished command left behind.
pub(crate) struct Done {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("smsload"));
    command
        .args(args)
        .env_remove("SMSLOAD_LOG")
        .env_remove("GITHUB_ACTIONS")
        .env("COLUMNS", "100");
    command
}

pub(crate) fn smsload(args: &[&str]) -> Done {
    let output = command(args).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let done = Done {
        code: output.status.code(),
        out: text(&output.stdout),
        err: text(&output.stderr),
    };
    assert!(
        !done.err.contains("panicked") && !done.err.contains("stack backtrace"),
        "{}",
        done.err
    );
    done
}

/// A server that was started by the command line; killed when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) url: String,
}

impl Server {
    pub(crate) fn start(args: &[&str]) -> Self {
        // A service tells what it does; here only what is not as it should be.
        let mut command = command(args);
        command.env("SMSLOAD_LOG", "warn").stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let url = line
            .strip_prefix("listening on ")
            .map(|u| u.trim().to_owned());
        Self {
            child,
            url: url.unwrap_or_else(|| panic!("it said {line:?}")),
        }
    }

    /// Asks it to stop, as a service manager would; its exit code.
    #[cfg(unix)]
    pub(crate) fn terminate(mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &pid])
                .status()
                .unwrap()
                .success()
        );
        self.child.wait().unwrap().code()
    }

    pub(crate) fn port(&self) -> &str {
        self.url.rsplit(':').next().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A folder with a copy of the bundled document in which some text is replaced.
pub(crate) fn changed_contract(changes: &[(&str, &str)]) -> (tempfile::TempDir, PathBuf) {
    let mut text = smsload_spec::OPENAPI_YAML.to_owned();
    for (from, to) in changes {
        assert!(text.contains(from), "the bundled document has no {from:?}");
        text = text.replacen(from, to, 1);
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("openapi.yaml");
    std::fs::write(&path, text).unwrap();
    (dir, path)
}

pub(crate) fn post(url: &str, path: &str, body: &serde_json::Value) -> serde_json::Value {
    let client = reqwest::blocking::Client::builder()
        .no_proxy()
        .build()
        .unwrap();
    client
        .post(format!("{url}{path}"))
        .json(body)
        .send()
        .unwrap()
        .json()
        .unwrap()
}
