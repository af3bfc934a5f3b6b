//! The forms of a report: what people and CI systems read, and that nothing from a target acts in any of them.

use smsload_conformance::{
    Report, github_annotations, github_stop, html, markdown, sarif, write_json, write_junit,
};

use crate::report::{SOME, counted, run, shown};
use crate::server::{Choices, Fault, serve};
use crate::support::target;

/// Texts that do harm where they are not shown as text.
const HOSTILE: &str = "<script>alert(1)</script>\u{1b}[31m]]>\u{202e}&amp;\u{0}\u{ffff}\r\n::error::x\n##[error]y `a` | **b** [c](http://d) '\"><img src=x onerror=y>";

async fn broken() -> Report {
    let target = target(&serve(Choices::default(), Fault::Reversed).await);
    let run = run(&target).cases(8).only(SOME);
    shown(run, counted(&target), false).await.1
}

async fn hostile() -> Report {
    let mut report = broken().await;
    report.target = format!("http://127.0.0.1/{HOSTILE}");
    report.notes.push(HOSTILE.into());
    report.ended_reason = Some(HOSTILE.into());
    report.contract.title = HOSTILE.into();
    report.coverage.untouched.push(HOSTILE.into());
    for requirement in &mut report.requirements {
        requirement.reason = Some(HOSTILE.into());
        requirement.source = HOSTILE.into();
        if let Some(failure) = &mut requirement.failure {
            failure.case = HOSTILE.into();
            failure.expected = HOSTILE.into();
            failure.got = HOSTILE.into();
            for evidence in &mut failure.exchanges {
                evidence.curl = HOSTILE.into();
                evidence.answer = HOSTILE.into();
                let mut exchange = (*evidence.exchange).clone();
                exchange.sent.body = HOSTILE.into();
                exchange.id = HOSTILE.into();
                evidence.exchange = exchange.into();
            }
        }
    }
    report
}

fn junit(report: &Report) -> String {
    let mut out = Vec::new();
    write_junit(report, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// What differs from run to run.
const FILTERS: [(&str, &str); 6] = [
    (r"127(\.|&#46;)0(\.|&#46;)0(\.|&#46;)1(:|&#58;)\d+", "HOST"),
    (r"in \d+\.\d s", "in TIME"),
    (r":1\d{9}", ":SSRC"),
    (r#"time="[\d.]+""#, r#"time="TIME""#),
    (r"[0-9a-f]{64}", "SHA256"),
    (r"\d{4}-\d\d-\d\dT[\d:.]+Z", "INSTANT"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn read_well() {
    let report = broken().await;
    let sarif = serde_json::to_string_pretty(&sarif(&report)).unwrap();
    insta::with_settings!({filters => FILTERS.to_vec()}, {
        insta::assert_snapshot!("markdown", markdown(&report));
        insta::assert_snapshot!("junit", junit(&report));
        insta::assert_snapshot!("annotations", github_annotations(&report, "TOKEN"));
        insta::assert_snapshot!("sarif", sarif);
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_a_target_acts() {
    let report = hostile().await;
    let mut json = Vec::new();
    write_json(&report, &mut json).unwrap();
    let page = html(&report).unwrap();
    let texts = [
        ("html", page.clone()),
        ("markdown", markdown(&report)),
        ("junit", junit(&report)),
        ("annotations", github_annotations(&report, "TOKEN")),
        ("sarif", sarif(&report).to_string()),
    ];
    for (name, text) in &texts {
        for c in ['\u{1b}', '\u{202e}', '\u{0}', '\u{ffff}', '\r'] {
            assert!(!text.contains(c), "{name} has {c:?}");
        }
    }
    assert!(!page.contains("<script>alert"), "a script in the page");
    assert!(!page.contains("<img"), "an image in the page");
    let (_, markdown) = &texts[1];
    acts_in_markdown(markdown);
    // Each annotation is one line and one command.
    let (_, annotations) = &texts[3];
    for line in annotations.lines().skip(1) {
        let is_command = ["::error ", "::warning ", "::notice "]
            .iter()
            .any(|c| line.starts_with(c));
        assert!(is_command, "{line}");
    }
    assert_eq!(github_stop("TOKEN"), "::stop-commands::TOKEN\n");
    // XML that a parser takes: no reference that is none, every element closed.
    let text = junit(&report);
    let document = roxmltree::Document::parse(&text).unwrap();
    let cases = document
        .descendants()
        .filter(|n| n.has_tag_name("testcase"));
    assert_eq!(cases.count(), report.requirements.len());
}

/// The page stands alone: nothing is loaded, and only its own script and style may run.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_needs_no_network() {
    let page = html(&broken().await).unwrap();
    let policy = page
        .split("Content-Security-Policy\" content=\"")
        .nth(1)
        .unwrap();
    let policy = policy.split('"').next().unwrap();
    assert!(
        policy.starts_with("default-src &#39;none&#39;")
            || policy.starts_with("default-src 'none'")
    );
    for loads in [
        "<link",
        "<img",
        "<iframe",
        "@import",
        "url(",
        " src=",
        "unsafe-inline",
        "style=\"",
    ] {
        assert!(!page.contains(loads), "{loads}");
    }
    assert_eq!(page.matches("<script>").count(), 1);
}

/// Fails if there is anything but text, code, tables and lists.
fn acts_in_markdown(text: &str) {
    use pulldown_cmark::{Event, Options, Parser, Tag};

    for event in Parser::new_ext(text, Options::all()) {
        match event {
            Event::Start(Tag::Link { .. } | Tag::Image { .. } | Tag::HtmlBlock) => {
                unreachable!("{event:?} in {text}");
            }
            Event::Html(html) | Event::InlineHtml(html) => {
                assert!(["<sub>", "</sub>"].contains(&&*html), "{html} in {text}");
            }
            _ => {}
        }
    }
}
