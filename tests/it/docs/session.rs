//! A reader at a terminal: one shell in a folder of its own, the servers beside it, and addresses that lead to them.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tempfile::TempDir;

use super::document::{Step, bare, root};
use super::shown::{has_come, is_what_came};
use super::stage::{self, Stage};

/// No command of a document takes so long.
const PATIENCE: Duration = Duration::from_secs(120);
/// What a reader looks at again if it is not there yet.
const LOOKED_AT_AGAIN: Duration = Duration::from_secs(20);
/// Hosts that documents name. Each of them is this machine while a document is tested.
const HOSTS: [&str; 8] = [
    "127.0.0.1",
    "0.0.0.0",
    "localhost",
    "10.0.0.7",
    "10.0.0.5",
    "sms.example",
    "mock.example",
    "host.docker.internal",
];

pub(crate) struct Session {
    folder: TempDir,
    logs: TempDir,
    shell: Child,
    typed: ChildStdin,
    ended: Receiver<i32>,
    servers: Vec<Server>,
    /// Ports that documents name, and ours.
    ports: Vec<(u16, u16)>,
    stage: Stage,
    count: usize,
    /// How the last command ended.
    last: i32,
}

struct Server {
    port: u16,
    pid: Pid,
}

/// A command that starts a server: it goes on until it is stopped.
fn serves(command: &str) -> Option<u16> {
    let words: Vec<_> = bare(command).split_whitespace().collect();
    let port = match words.get(..2) {
        Some(["smsload", "mock"]) => 4010,
        Some(["smsload", "serve"]) => 4020,
        Some(["smsload", "proxy"]) => 4030,
        _ => return None,
    };
    let ends = [
        "--",
        "--list-limits",
        "--list-misbehaviours",
        "--help",
        "jobs",
        "--import",
    ];
    if words
        .iter()
        .any(|word| ends.contains(word) || word.ends_with('&'))
    {
        return None;
    }
    let listen = words.iter().position(|word| *word == "--listen");
    let named = listen.and_then(|at| words.get(at + 1)?.rsplit(':').next()?.parse().ok());
    Some(named.unwrap_or(port))
}

/// A port below those that systems give away, so that nobody takes it before the server does that it is meant for.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let own = u16::try_from(std::process::id() % 60).unwrap() * 200;
    loop {
        let port = 20_000 + (own + NEXT.fetch_add(1, Ordering::Relaxed)) % 12_000;
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

impl Session {
    pub(crate) fn start(stage: &Stage) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let logs = tempfile::tempdir().unwrap();
        copy(&root().join("examples"), &folder.path().join("examples"));
        let program = assert_cmd::cargo::cargo_bin!("smsload");
        let path = std::env::var("PATH").unwrap_or_default();
        let path = format!("{}:{path}", program.parent().unwrap().display());
        let mut shell = Command::new("sh")
            .current_dir(folder.path())
            .env("PATH", path)
            .env("COLUMNS", "120")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env_remove("SMSLOAD_LOG")
            .env_remove("SMSLOAD_URL")
            .env_remove("GITHUB_ACTIONS")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap();
        let told = BufReader::new(shell.stdout.take().unwrap());
        let (send, ended) = channel();
        std::thread::spawn(move || {
            let lines = told.lines().map_while(Result::ok);
            for code in lines.filter_map(|line| line.parse().ok()) {
                let _ = send.send(code);
            }
        });
        let mut session = Self {
            typed: shell.stdin.take().unwrap(),
            folder,
            logs,
            shell,
            ended,
            servers: Vec::new(),
            ports: Vec::new(),
            stage: *stage,
            count: 0,
            last: 0,
        };
        for path in stage.paths {
            std::fs::create_dir_all(session.folder.path().join(&path[1..])).unwrap();
        }
        for (name, text) in stage.files {
            session.write(name, text);
        }
        for (name, from) in stage.copies {
            std::fs::copy(root().join(from), session.folder.path().join(name)).unwrap();
        }
        for (port, command) in stage.servers {
            let step = Step::new(&format!("{command} --listen 127.0.0.1:{port}"), 0, 0);
            session.serve(&step, *port).unwrap();
        }
        session
    }

    /// The same text with addresses and folders that are there while we test.
    pub(crate) fn real(&mut self, text: &str) -> String {
        let mut text = text.to_owned();
        for host in HOSTS {
            let mut from = 0;
            while let Some(found) = text[from..].find(&format!("{host}:")) {
                let at = from + found;
                let digits = at + host.len() + 1;
                let port: String = text[digits..]
                    .chars()
                    .take_while(char::is_ascii_digit)
                    .collect();
                from = digits + port.len();
                let is_ours = self.ports.iter().any(|(_, own)| own.to_string() == port);
                let Some(port) = port.parse().ok().filter(|port| !is_ours && *port != 0) else {
                    continue;
                };
                let own = format!("127.0.0.1:{}", self.port(port));
                text.replace_range(at..from, &own);
                from = at + own.len();
            }
        }
        for path in self.stage.paths {
            let own = self.folder.path().join(&path[1..]);
            text = text.replace(path, own.to_str().unwrap());
        }
        text
    }

    fn port(&mut self, named: u16) -> u16 {
        if let Some((_, own)) = self.ports.iter().find(|(port, _)| *port == named) {
            return *own;
        }
        let own = free_port();
        self.ports.push((named, own));
        own
    }

    /// A file of the reader's, in the folder.
    pub(crate) fn write(&mut self, name: &str, text: &str) {
        let text = self.real(text);
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &text).unwrap();
        if text.starts_with("#!") {
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
    }

    /// A file of the document's.
    pub(crate) fn write_shown(&mut self, name: &str, text: &str) {
        let text = self.stage.shortened(name, text);
        self.write(name, &text);
    }

    /// The file that `verify init` writes names an address, as documents do.
    fn mend_written(&mut self, command: &str) {
        let Some(name) = bare(command).strip_prefix("smsload verify init ") else {
            return;
        };
        let text = std::fs::read_to_string(self.folder.path().join(name)).unwrap();
        self.write_shown(name, &text);
    }

    /// Types a command, and holds what came of it against what is shown.
    ///
    /// It must end with 0, unless the next command asks how it ended.
    pub(crate) fn run(&mut self, step: &Step, next: Option<&Step>) -> Result<(), String> {
        // What asks how it ended does not go on.
        let is_asked = next.is_some_and(|next| next.command == "echo $?");
        if let Some(port) = serves(&step.command).filter(|_| !is_asked) {
            return self.serve(step, port);
        }
        let shown = self.real(&step.shown);
        let is_looking = stage::LOOKS
            .iter()
            .any(|look| step.command.starts_with(look));
        let deadline = Instant::now() + LOOKED_AT_AGAIN;
        loop {
            let (code, came) = self.type_in(&step.command);
            let is_right = shown.is_empty() || is_what_came(&shown, &came);
            if !is_right && is_looking && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(50));
                continue;
            }
            if code != 0 && !is_asked {
                return Err(format!("it ended with {code}:\n{came}"));
            }
            if !is_right {
                return Err(format!(
                    "the document shows\n{shown}\nand this came:\n{came}"
                ));
            }
            self.mend_written(&step.command);
            return Ok(());
        }
    }

    fn log(&mut self) -> PathBuf {
        self.count += 1;
        self.logs.path().join(self.count.to_string())
    }

    /// How a command ended, and what it printed.
    fn type_in(&mut self, command: &str) -> (i32, String) {
        let (script, log) = (self.log(), self.log());
        std::fs::write(&script, self.real(command)).unwrap();
        let (script, log_path) = (script.display(), log.display());
        // Within the same shell, so that `cd` and variables stay; `$?` is that of the command before.
        let line = format!(
            "_typed=$(cat {script}); (exit {}); eval \"$_typed\" >{log_path} 2>&1 </dev/null; echo \"$?\"\n",
            self.last
        );
        self.typed.write_all(line.as_bytes()).unwrap();
        let ended = self.ended.recv_timeout(PATIENCE);
        let came = String::from_utf8_lossy(&std::fs::read(&log).unwrap_or_default()).into_owned();
        self.last = ended.unwrap_or_else(|e| panic!("{command}\ndid not end ({e}):\n{came}"));
        (self.last, came)
    }

    /// Starts a server beside the terminal, in the place of the one that listened there before.
    fn serve(&mut self, step: &Step, port: u16) -> Result<(), String> {
        if let Some(at) = self.servers.iter().position(|server| server.port == port) {
            let before = self.servers.swap_remove(at);
            let _ = kill_process(before.pid, Signal::TERM);
            self.await_free(port);
        }
        let own = self.port(port);
        let mut command = self.real(bare(&step.command));
        if !command.contains("--listen ") {
            let words: Vec<_> = command.splitn(3, ' ').collect();
            let rest = words.get(2).unwrap_or(&"");
            command = format!("{} {} --listen 127.0.0.1:{own} {rest}", words[0], words[1]);
        }
        let log = self.log();
        let line = format!(
            "exec {command} >{} 2>&1 </dev/null & echo \"$!\"\n",
            log.display()
        );
        self.typed
            .write_all(format!("{{ {line} }}\n").as_bytes())
            .unwrap();
        let pid = self.ended.recv_timeout(PATIENCE).unwrap();
        let pid = Pid::from_raw(pid).unwrap();
        self.servers.push(Server { port, pid });
        let shown = self.real(&step.shown);
        let deadline = Instant::now() + LOOKED_AT_AGAIN;
        loop {
            let came = std::fs::read_to_string(&log).unwrap_or_default();
            if has_come("listening on http…", &came) && has_come(&shown, &came) {
                return Ok(());
            }
            let has_failed = came.contains("smsload: ") || came.starts_with("error: ");
            if has_failed || Instant::now() > deadline {
                return Err(format!("it does not serve as shown:\n{shown}\n{came}"));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn await_free(&mut self, port: u16) {
        let own = self.port(port);
        let deadline = Instant::now() + PATIENCE;
        while std::net::TcpStream::connect(("127.0.0.1", own)).is_ok() {
            assert!(Instant::now() < deadline, "port {port} is still served");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // The shell leads a group, in which everything is that was started here.
        if let Some(group) = i32::try_from(self.shell.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.shell.wait();
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            let mut read = File::open(entry.path()).unwrap();
            std::io::copy(&mut read, &mut File::create(target).unwrap()).unwrap();
        }
    }
}
