//! What a million jobs cost. It takes half a minute by itself, so it is asked for:
//! `cargo test -p smsload-mock --test it -- --ignored --nocapture memory`

use http::{HeaderMap, HeaderValue, Method};
use smsload_mock::{Mock, Outcome, Request, Settings};

use crate::support::{DOWNLOAD, but};

const JOBS: usize = 1_000_000;
const CHANNELS: usize = 1_000;
/// MiB that the whole process may have in memory.
const BUDGET: usize = 250;

/// MiB of a line of Linux's `/proc/self/status`: `VmRSS` is what is in memory, `VmHWM` the most that ever was.
fn mib(line: &str) -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix(line))?;
    let kib: usize = line
        .trim_matches([':', '\t', ' '])
        .strip_suffix(" kB")?
        .parse()
        .ok()?;
    Some(kib / 1024)
}

#[test]
#[ignore = "takes half a minute by itself; CI asks for it"]
fn memory_of_a_million_jobs() {
    let mock = Mock::new(Settings::default()).unwrap();
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    let bodies: Vec<_> = (0..CHANNELS)
        .map(|n| but("channel", format!("34020000001320{n:04}01")).to_string())
        .collect();
    for n in 0..JOBS {
        let answer = mock.answer(&Request {
            method: &Method::POST,
            path: DOWNLOAD,
            query: "",
            headers: &headers,
            body: bodies[n % CHANNELS].as_bytes(),
        });
        assert!(matches!(answer.outcome, Outcome::Started), "{answer:?}");
    }
    assert_eq!(mock.job_count(), JOBS);
    if let (Some(now), Some(most)) = (mib("VmRSS"), mib("VmHWM")) {
        println!("{JOBS} jobs over {CHANNELS} channels: {now} MiB now, {most} MiB at most");
        assert!(now < BUDGET, "{now} MiB");
    }
}
