//! Where a secret comes from, as a target file says it: a text, or a table with one of `env`, `file`, `command`, `shell`.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error as _, MapAccess, Visitor};
use tokio::io::AsyncReadExt as _;
use tokio::process::Command;

/// Bytes of a value; what most servers take of all headers together.
const LONGEST: u64 = 8192;

/// Seconds that a command has, unless told otherwise.
const TIMEOUT: u32 = 10;

/// Where a value comes from.
#[derive(Clone)]
pub(super) enum Source {
    /// It stands in the target file.
    Literal(Arc<str>),
    /// A variable of the environment.
    Env(String),
    /// A file; its last line break is no part of the value.
    File(PathBuf),
    /// What a program writes to standard output.
    Command(Program),
}

/// A program with its arguments.
#[derive(Clone)]
pub(super) struct Program {
    program: PathBuf,
    args: Vec<String>,
    folder: Option<PathBuf>,
    /// What messages call it; arguments may be secrets of their own.
    name: String,
    timeout: Duration,
}

/// A value that is no plain text.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Described {
    env: Option<String>,
    file: Option<PathBuf>,
    command: Option<Vec<String>>,
    shell: Option<String>,
    lifetime_seconds: Option<u32>,
    timeout_seconds: Option<u32>,
}

impl Described {
    /// The source and how long its values live.
    pub(super) fn read<'de, D>(deserializer: D) -> Result<(Source, Option<Duration>), D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        struct TextOrTable;
        impl<'de> Visitor<'de> for TextOrTable {
            type Value = (Source, Option<Duration>);

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, or a table with `env`, `file`, `command` or `shell`")
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok((Source::Literal(text.into()), None))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                let described = Described::deserialize(MapAccessDeserializer::new(map))?;
                described.source().map_err(A::Error::custom)
            }
        }
        deserializer.deserialize_any(TextOrTable)
    }

    fn source(self) -> Result<(Source, Option<Duration>), String> {
        let seconds = |name: &str, value: Option<u32>| match value {
            Some(0) => Err(format!("`{name}` must be at least 1")),
            other => Ok(other.map(|s| Duration::from_secs(s.into()))),
        };
        let lifetime = seconds("lifetime_seconds", self.lifetime_seconds)?;
        let timeout = seconds("timeout_seconds", self.timeout_seconds)?;
        let is_command = self.command.is_some() || self.shell.is_some();
        if timeout.is_some() && !is_command {
            return Err("`timeout_seconds` is for commands".to_owned());
        }
        let timeout = timeout.unwrap_or(Duration::from_secs(TIMEOUT.into()));
        let source = match (self.env, self.file, self.command, self.shell) {
            (Some(name), None, None, None) => Source::Env(name),
            (None, Some(file), None, None) => Source::File(file),
            (None, None, Some(words), None) => Source::Command(Program::new(words, timeout)?),
            (None, None, None, Some(script)) => Source::Command(Program::shell(script, timeout)),
            _ => return Err("name one of `env`, `file`, `command`, `shell`".to_owned()),
        };
        Ok((source, lifetime))
    }
}

impl Source {
    pub(super) fn within(&self, folder: &Path) -> Self {
        match self {
            Self::File(file) => Self::File(folder.join(file)),
            Self::Command(program) => Self::Command(program.within(folder)),
            other => other.clone(),
        }
    }

    /// The value, if it can be had without running or waiting.
    pub(super) fn read_now(&self) -> Option<Result<String, String>> {
        let (value, what) = match self {
            Self::Literal(text) => (text.to_string(), "the value".to_owned()),
            Self::Env(name) => match std::env::var(name) {
                Ok(value) => (value, format!("the environment variable `{name}`")),
                Err(why) => return Some(Err(unset(name, &why))),
            },
            Self::File(file) => match read(file) {
                Ok(value) => (value, file.display().to_string()),
                Err(why) => return Some(Err(why)),
            },
            Self::Command(_) => return None,
        };
        Some(usable(value, &what))
    }

    pub(super) async fn fetch(&self) -> Result<String, String> {
        match (self.read_now(), self) {
            (Some(value), _) => value,
            (None, Self::Command(program)) => {
                let said = program.run().await?;
                usable(said, &format!("what `{}` wrote", program.name))
            }
            (None, _) => Err("there is no value".to_owned()),
        }
    }
}

fn unset(name: &str, why: &std::env::VarError) -> String {
    match why {
        std::env::VarError::NotPresent => {
            format!("the environment variable `{name}` is not set; set it, or name another")
        }
        std::env::VarError::NotUnicode(_) => {
            format!("the environment variable `{name}` is no UTF-8")
        }
    }
}

fn read(file: &Path) -> Result<String, String> {
    use std::io::Read as _;
    let fail = |why: &dyn fmt::Display| format!("{} cannot be read ({why})", file.display());
    let mut text = String::new();
    let opened = std::fs::File::open(file).map_err(|e| fail(&e))?;
    let read = opened.take(LONGEST + 1).read_to_string(&mut text);
    let length = read.map_err(|e| fail(&e))?;
    if u64::try_from(length).unwrap_or(u64::MAX) > LONGEST {
        return Err(format!("{} has more than {LONGEST} bytes", file.display()));
    }
    Ok(text)
}

/// A value as a header can carry it, without its last line break.
fn usable(value: String, what: &str) -> Result<String, String> {
    let value = match value.strip_suffix('\n') {
        Some(line) => line.strip_suffix('\r').unwrap_or(line).to_owned(),
        None => value,
    };
    if value.is_empty() {
        return Err(format!("{what} is empty"));
    }
    match http::HeaderValue::from_str(&value) {
        Ok(_) => Ok(value),
        Err(_) => Err(format!("{what} has characters that a header cannot carry")),
    }
}

impl Program {
    fn new(mut words: Vec<String>, timeout: Duration) -> Result<Self, String> {
        if words.is_empty() {
            return Err("`command` is empty; write [\"PROGRAM\", \"ARGUMENT\"]".to_owned());
        }
        let name = words.remove(0);
        Ok(Self {
            program: PathBuf::from(&name),
            args: words,
            folder: None,
            name,
            timeout,
        })
    }

    fn shell(script: String, timeout: Duration) -> Self {
        let (program, flag) = if cfg!(windows) {
            ("cmd", "/C")
        } else {
            ("/bin/sh", "-c")
        };
        Self {
            program: program.into(),
            // A script may have secrets of its own in it.
            name: format!("{program} {flag} …"),
            args: vec![flag.to_owned(), script],
            folder: None,
            timeout,
        }
    }

    /// A program without a slash in its name is looked for on the path, as everywhere.
    fn within(&self, folder: &Path) -> Self {
        let is_path = self.program.components().count() > 1;
        let program = if is_path {
            folder.join(&self.program)
        } else {
            self.program.clone()
        };
        Self {
            program,
            folder: Some(folder.to_owned()),
            ..self.clone()
        }
    }

    /// Runs it; what it wrote. What it says on standard error is for whoever watches.
    async fn run(&self) -> Result<String, String> {
        let name = &self.name;
        let mut command = Command::new(&self.program);
        command.args(&self.args).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        if let Some(folder) = self.folder.as_ref().filter(|f| !f.as_os_str().is_empty()) {
            command.current_dir(folder);
        }
        let mut child = command.spawn().map_err(|e| {
            format!("`{name}` cannot be run ({e}); check its name, PATH and its permissions")
        })?;
        let out = child.stdout.take();
        let work = async {
            let mut said = Vec::new();
            if let Some(out) = out {
                let read = out.take(LONGEST + 1).read_to_end(&mut said).await;
                read.map_err(|e| format!("the output of `{name}` cannot be read ({e})"))?;
            }
            if u64::try_from(said.len()).unwrap_or(u64::MAX) > LONGEST {
                return Err(format!("`{name}` wrote more than {LONGEST} bytes"));
            }
            let ended = child.wait().await;
            let ended = ended.map_err(|e| format!("lost sight of `{name}` ({e})"))?;
            if !ended.success() {
                return Err(format!("`{name}` failed ({ended})"));
            }
            String::from_utf8(said).map_err(|_| format!("what `{name}` wrote is no UTF-8"))
        };
        let late = || format!("`{name}` did not end within {} s", self.timeout.as_secs());
        tokio::time::timeout(self.timeout, work)
            .await
            .unwrap_or_else(|_| Err(late()))
    }
}
