//! SECU-01, SECU-02 and SECU-07: what answers give away, and who sees what. Run with care, and only when asked for.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::json;

use super::Check;
use super::expect::{nothing, rejected, rejects_also};
use super::prog::query_for;
use crate::api::{Api, start};
use crate::case::{Answered, Case, Judge, Opinion, Plan, Step, Twin};
use crate::exchange::Answer;
use crate::request::{Caller, Kind, Request};
use crate::target::TOKEN;

pub(super) const CHECKS: &[Check] = &[
    Check::watching("SECU-01", provoking, gives_nothing_away),
    Check::new("SECU-02", other_tenant),
    Check::new("SECU-07", wrong_token),
];

/// Statuses that refuse a caller.
const REFUSED: &[u16] = &[401, 403];
/// Statuses for what another tenant must not know of.
const UNKNOWN: &[u16] = &[401, 403, 404];

/// Requests that make a server tell of itself, if anything does.
fn provoking(api: &Arc<Api>) -> Plan {
    let recorded = api.fixtures.recorded;
    let with = |name: &str, value: serde_json::Value| start(&api.body_with(recorded, name, value));
    let odd_path = {
        let mut request = api.plain().with_media_type(None);
        request.method = http::Method::GET;
        request.body = bytes::Bytes::new();
        request
    };
    let device = &api.names.device;
    let requests = [
        ("the plain request", api.plain()),
        (
            "a body that is no JSON",
            Request::json(Kind::Start, "{\"a\":"),
        ),
        ("no body", Request::json(Kind::Start, "")),
        ("a body that is a list", Request::json(Kind::Start, "[[]]")),
        ("an apostrophe", with(device, json!("a'b\"c\\"))),
        ("a list in place of a text", with(device, json!([{}]))),
        ("a number beyond all", with(&api.names.start, json!(1e300))),
        (
            "an impossible time",
            with(&api.names.start, json!("9999-99-99T99:99:99")),
        ),
        ("60,000 letters", with(device, json!("a".repeat(60_000)))),
        (
            "another media type",
            api.plain().with_media_type(Some("text/x-none")),
        ),
        ("another method", odd_path),
    ];
    let table = requests.into_iter().map(|(about, request)| {
        let judge: Judge = Arc::new(|_, answers| match answers.last() {
            Some(answered) if answered.exchange.answer().is_some() => Opinion::Pass,
            Some(answered) => Opinion::Inconclusive(answered.outcome.to_string()),
            None => nothing(),
        });
        Case {
            twin: Twin::Plain,
            ..Case::new(about, Step::Shared(request), judge)
        }
    });
    Plan::table(table.collect())
}

fn gives_nothing_away(_: &Api, answered: &Answered, _: &HashSet<String>) -> Option<Opinion> {
    let answer = answered.exchange.answer()?;
    let expected = "no stack trace, path, SQL or banner";
    if let Some(banner) = banner(answer) {
        return Some(Opinion::fail(expected, banner));
    }
    let body = String::from_utf8_lossy(&answer.body);
    let sent = String::from_utf8_lossy(&answered.request.body);
    // What a caller wrote is no news to the caller.
    let found = SIGNS
        .iter()
        .find(|(_, sign)| body.contains(sign) && !sent.contains(sign))
        .map(|(what, sign)| format!("{what}: {sign:?}"))
        .or_else(|| path(&body).map(|path| format!("a path: {path:?}")));
    Some(found.map_or(Opinion::Pass, |found| Opinion::fail(expected, found)))
}

/// What only stacks, databases and the error pages of frameworks say.
const SIGNS: [(&str, &str); 24] = [
    ("a stack trace", "Traceback (most recent call last)"),
    ("a stack trace", "\tat java."),
    ("a stack trace", "\tat org."),
    ("a stack trace", "\tat com."),
    ("a stack trace", ".java:"),
    ("a stack trace", "goroutine 1 ["),
    ("a stack trace", "stack backtrace:"),
    ("a stack trace", "panicked at "),
    ("a stack trace", "at Object.<anonymous>"),
    ("a stack trace", "node_modules/"),
    ("a stack trace", "System.NullReferenceException"),
    ("a class of the server", "java.lang."),
    ("a class of the server", "org.springframework."),
    ("a class of the server", "com.fasterxml.jackson"),
    ("SQL", "You have an error in your SQL syntax"),
    ("SQL", "SQLSTATE["),
    ("SQL", "syntax error at or near"),
    ("SQL", "SELECT * FROM"),
    ("SQL", "sqlite3."),
    ("SQL", "ORA-0"),
    ("a framework's page", "Whitelabel Error Page"),
    ("a framework's page", "Apache Tomcat/"),
    ("a framework's page", "Werkzeug Debugger"),
    ("a framework's page", "<center>nginx/"),
];

/// Folders in which servers live.
const FOLDERS: [&str; 7] = [
    "/usr/", "/home/", "/opt/", "/var/", "/root/", "C:\\", "D:\\",
];

/// A path that stands by itself, and not within an address.
fn path(text: &str) -> Option<String> {
    FOLDERS.iter().find_map(|folder| {
        let (at, _) = text.match_indices(folder).find(|(at, _)| {
            let before = text[..*at].chars().next_back();
            before.is_none_or(|c| c.is_whitespace() || "\"'(=[<>:".contains(c))
        })?;
        let end = |c: char| c.is_whitespace() || "\"')]<>,;".contains(c);
        Some(text[at..].split(end).next()?.to_owned())
    })
}

/// A header that names the framework, or the server with its version.
fn banner(answer: &Answer) -> Option<String> {
    let value = |name: &str| answer.headers.get(name)?.to_str().ok();
    for name in ["x-powered-by", "x-aspnet-version", "x-aspnetmvc-version"] {
        if let Some(value) = value(name) {
            return Some(format!("`{name}: {value}`"));
        }
    }
    let server = value("server")?;
    let has_version = server
        .split_once('/')
        .is_some_and(|(_, version)| version.starts_with(|c: char| c.is_ascii_digit()));
    has_version.then(|| format!("`server: {server}`"))
}

/// A download of tenant A, asked for by A and by B.
fn other_tenant(api: &Arc<Api>) -> Plan {
    let judge: Judge = Arc::new(|_, answers| {
        let [started, own, other] = answers else {
            return nothing();
        };
        if !started.outcome.is_taken() || !own.outcome.is_taken() {
            return Opinion::Inconclusive(format!(
                "tenant A cannot see its own download: {}",
                own.outcome
            ));
        }
        rejected(other, UNKNOWN)
    });
    Plan::table(vec![Case {
        about: "tenant B asks for the progress of tenant A's download".to_owned(),
        steps: vec![
            Step::Send(start(&api.body(api.fixtures.recorded.wide_part(9))).by(Caller::TenantA)),
            Step::Follow(|api, answers| asked_by(api, answers.first(), Caller::TenantA)),
            Step::Follow(|api, answers| asked_by(api, answers.first(), Caller::TenantB)),
        ],
        is_at_once: false,
        twin: Twin::None,
        downloads: 1,
        judge,
    }])
}

fn asked_by(api: &Api, started: Option<&Arc<Answered>>, caller: Caller) -> Result<Request, String> {
    let started = started.ok_or("nothing was sent")?;
    Ok(query_for(api, started)?.by(caller))
}

/// Tokens that no server gives, and none.
fn wrong_token(api: &Arc<Api>) -> Plan {
    let mut table: Vec<_> = ["wrong", "00000000-0000-4000-8000-000000000000", "null", "*"]
        .iter()
        .map(|token| {
            let request = api.plain().with_header("Token", token);
            rejects_also(format!("`Token` is {token:?}"), request, REFUSED)
        })
        .collect();
    let mut without = api.plain();
    without.omitted.push(TOKEN.to_owned());
    table.push(rejects_also("without `Token`", without, REFUSED));
    Plan::table(table)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use smsload_spec::{Contract, Profile, Requirements};

    use super::path;
    use crate::api::Api;
    use crate::case::Step;
    use crate::checks;
    use crate::draw::draw;
    use crate::request::Wire;
    use crate::run::all_lines;
    use crate::target::{BaseUrl, Fixtures, Target};

    /// Somebody else's server is asked for little: no large bodies, one slow connection, no metadata address.
    #[test]
    fn the_security_profile_keeps_its_rules() {
        let contract = Contract::bundled();
        let fixtures = Fixtures::from_example(&contract).unwrap();
        let mut target = Target::new(BaseUrl::parse("http://127.0.0.1:1").unwrap(), fixtures);
        target.declared.progress_query = true;
        let api = Arc::new(Api::new(&contract, &target).unwrap());
        assert!(target.limits.security_gap_milliseconds >= 500);
        let (mut slow, mut met) = (0, 0);
        for (requirement, line) in all_lines(Requirements::bundled()) {
            let Some(check) = checks::find(&line.id) else {
                continue;
            };
            if !requirement.profiles.contains(&Profile::Security) {
                continue;
            }
            let plan = (check.plan)(&api);
            for drawn in draw(&plan, &line.id, 1, 100, None) {
                let about = &drawn.case.about;
                assert!(!drawn.case.is_at_once, "{}: {about}", line.id);
                for step in &drawn.case.steps {
                    let (Step::Send(request) | Step::Shared(request)) = step else {
                        continue;
                    };
                    met += 1;
                    assert!(request.body.len() <= 65_536, "{}: {about}", line.id);
                    slow += u32::from(request.wire == Wire::Slow);
                    let text = String::from_utf8_lossy(&request.body);
                    for metadata in [
                        "169.254.169.254",
                        "2852039166",
                        "metadata",
                        "100.100.100.200",
                    ] {
                        assert!(!text.contains(metadata), "{}: {about}", line.id);
                    }
                }
            }
        }
        assert!(slow <= 1 && met > 30, "{slow} slow ones of {met}");
    }

    #[test]
    fn tells_a_path_from_a_part_of_an_address() {
        assert_eq!(path("in /usr/lib/x.py, line 3").unwrap(), "/usr/lib/x.py");
        assert_eq!(path(r#"{"m":"C:\\a\\b"}"#).unwrap(), r"C:\\a\\b");
        for harmless in ["http://h/home/x", "see /files/1.mp4", "a/var/b", ""] {
            assert_eq!(path(harmless), None, "{harmless}");
        }
    }
}
