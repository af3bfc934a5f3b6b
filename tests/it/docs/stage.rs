//! What has to be there for a document, and which commands cannot be run. A new document without needs needs no line here.

/// What a document takes for granted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stage {
    pub(crate) document: &'static str,
    /// Servers that its reader has: the port that the document names, and what serves there meanwhile.
    pub(crate) servers: &'static [(u16, &'static str)],
    /// Files that its reader has beside a copy of `examples/`.
    pub(crate) files: &'static [(&'static str, &'static str)],
    /// Folders of the whole system: taken within the folder of the test.
    pub(crate) paths: &'static [&'static str],
    /// Changes to files that the document shows, so that the test does not wait for minutes: file, text, its replacement.
    pub(crate) shortened: &'static [(&'static str, &'static str, &'static str)],
    /// Its chapters stand alone, and are tried out side by side.
    pub(crate) by_chapter: bool,
    /// Its commands build upon those that need other tools.
    pub(crate) needs_tools: bool,
    /// Files that come with this repository: their name in the document, and here.
    pub(crate) copies: &'static [(&'static str, &'static str)],
}

const NOTHING: Stage = Stage {
    document: "",
    servers: &[],
    files: &[],
    paths: &[],
    shortened: &[],
    needs_tools: false,
    by_chapter: false,
    copies: &[],
};

/// A command that is not run.
pub(crate) struct NotRun {
    pub(crate) document: &'static str,
    /// How it begins.
    pub(crate) command: &'static str,
    pub(crate) reason: &'static str,
    /// The line of `.ci/run` that runs it all the same.
    pub(crate) run_by_ci: Option<&'static str>,
}

/// Commands that look at what comes about by itself: they are repeated until they show what is documented.
pub(crate) const LOOKS: [&str; 2] = ["cat ", "tail "];

pub(crate) fn of(document: &str) -> Stage {
    let own = STAGES.iter().find(|stage| stage.document == document);
    own.copied().unwrap_or(NOTHING)
}

impl Stage {
    /// A file that the document shows, as the test has it.
    pub(crate) fn shortened(&self, name: &str, text: &str) -> String {
        let mut text = text.to_owned();
        for (_, from, to) in self.shortened.iter().filter(|change| change.0 == name) {
            assert!(text.contains(from), "{name} has no {from:?} any more");
            text = text.replacen(from, to, 1);
        }
        text
    }
}

const SIGN: (&str, &str) = ("sign.sh", "#!/bin/sh\necho signature\n");

const QUICKLY: &str = "[limits]\nkeep_seconds = 1\nwatched_seconds = 2\n";

const TARGET: &str = r#"base_url = "http://127.0.0.1:8080"
[fixtures]
device = "34020000001110000228"
channel = "34020000001320000666"
recorded = { start = "2025-04-04T21:30:00", end = "2025-04-04T22:00:00" }
[declared]
progress_query = true
[limits]
keep_seconds = 1
watched_seconds = 2
"#;

/// Like that of docs/certification.md, which explains it.
const DECLARATION: &str = r#"base_url = "http://127.0.0.1:8080"

[vendor]
name = "Example Video"
product = "Example SMS"
version = "5.2.1"
contact = "sms@video.example"

[fixtures]
device = "34020000001110000228"
channel = "34020000001320000666"
recorded = { start = "2025-04-04T08:00:00", end = "2025-04-04T14:00:00" }
platform_id = "2"
unknown_device = "34020000001110000404"
unknown_channel = "34020000001320000404"
empty_window = { start = "1999-01-01T00:00:00", end = "1999-01-01T01:00:00" }

[declared]
progress_query = true
callbacks = true
files = true
authentication = false
tenants = false
simulated_recordings = true

[limits]
downloads = 200
keep_seconds = 2
"#;

const KNOWN: &str = r#"[[failure]]
id = "BODY-01"
reason = "a request without channel is taken for channel 1; ticket 4711"
expires = 9999-12-31
"#;

const SMS: &str = "smsload mock --speed 60";

pub(crate) const STAGES: &[Stage] = &[
    Stage {
        document: "docs/ci/client",
        files: &[("test.sh", "#!/bin/sh\nsmsload verify --only ACC-01\n")],
        ..NOTHING
    },
    Stage {
        document: "docs/ci/server",
        servers: &[(8080, "smsload mock --speed 60 --misbehave missing-channel")],
        files: &[
            ("start-server.sh", "#!/bin/sh\n"),
            ("target.toml", TARGET),
            ("known.toml", KNOWN),
        ],
        ..NOTHING
    },
    Stage {
        document: "README.md",
        servers: &[(8080, SMS)],
        files: &[
            SIGN,
            ("known.toml", "# Nothing is known to fail.\n"),
            ("my-openapi.yaml", smsload_spec::OPENAPI_YAML),
            (
                "vendor.yaml",
                include_str!("../../../examples/vendor/overlay.yaml"),
            ),
            ("vendor.toml", DECLARATION),
            ("test_client.py", TEST_CLIENT),
        ],
        paths: &["/srv/recordings", "/var/lib/smsload"],
        shortened: &[("target.toml", "[limits]\n", QUICKLY)],
        by_chapter: true,
        ..NOTHING
    },
    Stage {
        document: "docs/ci.md",
        servers: &[(8080, "smsload mock --speed 60 --misbehave missing-channel")],
        files: &[("target.toml", TARGET)],
        ..NOTHING
    },
    Stage {
        document: "docs/offline-client.md",
        needs_tools: true,
        ..NOTHING
    },
    Stage {
        document: "docs/vendor-overlay.md",
        shortened: &[("examples/vendor/target.toml", "[limits]\n", QUICKLY)],
        ..NOTHING
    },
    Stage {
        document: "docs/archive.md",
        copies: &[
            ("a.mp4", "reference-impl/assets/h264-aac.mp4"),
            ("b.mp4", "reference-impl/assets/h264-aac.mp4"),
        ],
        ..NOTHING
    },
    Stage {
        document: "docs/control-interface.md",
        needs_tools: true,
        ..NOTHING
    },
    Stage {
        document: "docs/preferences.md",
        needs_tools: true,
        ..NOTHING
    },
    Stage {
        document: "docs/target-file.md",
        servers: &[(8080, SMS)],
        shortened: &[("vendor.toml", "[limits]\n", QUICKLY)],
        ..NOTHING
    },
];

/// A client's test that breaks the contract three times, in the two ways that the README shows.
const TEST_CLIENT: &str = r#"
import json, os, urllib.error, urllib.request

def post(path, body):
    request = urllib.request.Request(os.environ["SMSLOAD_URL"] + path, json.dumps(body).encode(),
                                     {"Content-Type": "application/json"})
    try:
        urllib.request.urlopen(request).read()
    except urllib.error.HTTPError:
        pass

def test_download():
    body = {"device_unicode": "34020000001110000228", "source_type": "3",
            "start_time": "2025-04-04T21:36:17", "end_time": "2025-04-04T21:46:17"}
    post("/api/smsload/playback/v1/download", body)
    post("/api/smsload/playback/v1/download", body)
    post("/api/smsload/playback/v1/dowload", body)
"#;

pub(crate) const NOT_RUN: &[NotRun] = &[
    NotRun {
        document: "docs/offline-client.md",
        command: "docker run ",
        reason: "it starts the image of a reader's client",
        run_by_ci: None,
    },
    NotRun {
        document: "README.md",
        command: "cargo run --release -- verify",
        reason: "it builds the program that is tested",
        run_by_ci: Some("cargo run --release --locked -- verify"),
    },
    NotRun {
        document: "README.md",
        command: "cargo test",
        reason: "it is what runs this",
        run_by_ci: Some("cargo test --locked"),
    },
];
