//! The reports, as a person and a program see them.

use smsload_conformance::{
    Event, JSON_SCHEMA_VERSION, REPORT_SCHEMA, Record, Records, Report, Reporter as _, Reports,
    Run, RunBuilder, Stop, Target, Terminal, write_json,
};
use smsload_spec::Contract;

use crate::server::{Choices, Fault, serve};
use crate::support::target;

/// Runs before the eyes of a terminal and of the reports; what stands on the terminal, and the report.
pub(crate) async fn shown(
    run: RunBuilder,
    mut reports: Reports,
    has_colour: bool,
) -> (String, Report) {
    let mut terminal = Terminal::new(Vec::new(), has_colour);
    let mut listen = |event: &Event| {
        terminal.on(event);
        reports.on(event);
    };
    let result = run.build().unwrap().run(&mut listen).await;
    let report = reports.finish(&result).unwrap();
    let text = String::from_utf8(terminal.finish(&report).unwrap()).unwrap();
    (text, report)
}

pub(crate) fn run(target: &Target) -> RunBuilder {
    Run::builder(Contract::bundled(), target.clone()).seed(u64::MAX)
}

pub(crate) fn counted(target: &Target) -> Reports {
    Reports::new(&Contract::bundled(), target)
}

pub(crate) const SOME: [&str; 6] = [
    "ACC-01", "ACC-09", "TIME-01", "TIME-06", "SECU-07", "PROG-01",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn show_a_failure_with_its_reasons() {
    let target = target(&serve(Choices::default(), Fault::Reversed).await);
    let run = run(&target).cases(8).only(SOME);
    let (text, report) = shown(run, counted(&target), false).await;
    insta::with_settings!({filters => vec![
        (r"127\.0\.0\.1:\d+", "HOST"),
        (r"in \d+\.\d s", "in TIME"),
        (r":1\d{9}", ":SSRC"),
    ]}, {
        insta::assert_snapshot!(text);
    });

    let mut json = Vec::new();
    write_json(&report, &mut json).unwrap();
    let read = serde_json::to_value(Report::read(&json).unwrap()).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(read, json);
    assert_eq!(json["schema_version"], JSON_SCHEMA_VERSION);
    assert_eq!(json["seed"], u64::MAX.to_string());
    assert_eq!(
        (&json["conforms"], &json["exit_code"]),
        (&false.into(), &1.into())
    );
    let failed = json["requirements"]
        .as_array()
        .unwrap()
        .iter()
        .find(|r| r["id"] == "TIME-01");
    let failed = failed.unwrap();
    assert_eq!(failed["verdict"], "fail");
    assert_eq!(failed["failure"]["exchanges"][0]["status"], 200);
    assert!(
        failed["failure"]["exchanges"][0]["curl"]
            .as_str()
            .unwrap()
            .starts_with("curl -sS")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn say_at_once_that_nobody_is_there() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = target(&format!("http://{}", listener.local_addr().unwrap()));
    drop(listener);
    let (text, report) = shown(run(&target), counted(&target), true).await;
    insta::with_settings!({filters => vec![(r"127\.0\.0\.1:\d+", "HOST")]}, {
        insta::assert_snapshot!(text);
    });
    assert_eq!(report.exit_code, 3);
}

/// Every report is held against the published schema: one with failures, one that was cut short, one of nobody.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn report_json_is_as_its_schema_says() {
    let schema = serde_json::from_str(REPORT_SCHEMA).unwrap();
    let validator = jsonschema::options()
        .should_validate_formats(true)
        .build(&schema)
        .unwrap();
    let server = target(&serve(Choices::default(), Fault::Reversed).await);
    let nobody = target("http://127.0.0.1:1");
    let stop = Stop::new();
    stop.stop("the test ends it");
    for (target, stop) in [
        (&server, Stop::new()),
        (&nobody, Stop::new()),
        (&server, stop),
    ] {
        let run = run(target).cases(4).only(SOME).stopped_by(&stop);
        let (_, report) = shown(run, counted(target), false).await;
        let json = serde_json::to_value(&report).unwrap();
        let errors: Vec<_> = validator
            .iter_errors(&json)
            .map(|e| format!("{e} at {}", e.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
}

/// Everything that a schema's object may have is described, so that the schema does not fall behind the report.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_schema_names_every_member_of_a_report() {
    let target = target(&serve(Choices::default(), Fault::Reversed).await);
    let (_, report) = shown(run(&target).cases(4).only(SOME), counted(&target), false).await;
    let schema: serde_json::Value = serde_json::from_str(REPORT_SCHEMA).unwrap();
    let report = serde_json::to_value(&report).unwrap();
    let mut unknown = Vec::new();
    undescribed(&schema, &schema, &report, "", &mut unknown);
    assert!(unknown.is_empty(), "{unknown:#?}");
}

fn undescribed(
    root: &serde_json::Value,
    schema: &serde_json::Value,
    value: &serde_json::Value,
    at: &str,
    out: &mut Vec<String>,
) {
    use serde_json::Value;
    let schema = match schema.get("$ref").and_then(Value::as_str) {
        Some(target) => root.pointer(&target[1..]).unwrap(),
        None => schema,
    };
    if let Some(branches) = schema.get("oneOf").and_then(Value::as_array) {
        let fits = |branch: &&Value| {
            let branch = branch.get("$ref").map_or(*branch, |r| {
                root.pointer(&r.as_str().unwrap()[1..]).unwrap()
            });
            let required = branch.get("required").and_then(Value::as_array);
            required.is_some_and(|names| {
                names
                    .iter()
                    .all(|n| value.get(n.as_str().unwrap()).is_some())
            })
        };
        if let Some(branch) = branches.iter().find(fits) {
            undescribed(root, branch, value, at, out);
        }
        return;
    }
    match value {
        Value::Object(members) => {
            for (name, inner) in members {
                match schema.pointer("/properties").and_then(|p| p.get(name)) {
                    Some(schema) => undescribed(root, schema, inner, &format!("{at}/{name}"), out),
                    None if schema.get("properties").is_some() => out.push(format!("{at}/{name}")),
                    None => {}
                }
            }
        }
        Value::Array(items) => {
            if let Some(schema) = schema.get("items") {
                items
                    .iter()
                    .for_each(|item| undescribed(root, schema, item, at, out));
            }
        }
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_has_all_of_them_and_the_evidence() {
    let target = target(&serve(Choices::default(), Fault::Reversed).await);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out");
    std::fs::create_dir(&path).unwrap();
    std::fs::write(path.join("report.html"), "of another run").unwrap();
    let reports = Reports::create(&path, &Contract::bundled(), &target).unwrap();
    assert!(
        !path.join("report.html").exists(),
        "what is there is of this run"
    );
    let (_, report) = shown(run(&target).cases(8).only(SOME), reports, false).await;
    let mut names: Vec<_> = std::fs::read_dir(&path)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            "evidence.jsonl",
            "junit.xml",
            "report.html",
            "report.json",
            "report.md",
            "report.sarif"
        ]
    );
    // Nothing of it is lost when it is written: who reads it makes the same page of it.
    let json = std::fs::read(path.join("report.json")).unwrap();
    let read = Report::read(&json).unwrap();
    assert!(read == report, "it is read as another one than was written");
    let evidence =
        std::io::BufReader::new(std::fs::File::open(path.join("evidence.jsonl")).unwrap());
    let records: Vec<_> = Records::new(evidence).map(Result::unwrap).collect();
    assert!(matches!(&records[0], Record::Run(head) if head.seed == report.seed));
    let exchanges: Vec<_> = records
        .iter()
        .filter_map(|record| match record {
            Record::Exchange(exchange) => Some(exchange),
            _ => None,
        })
        .collect();
    assert_eq!(exchanges.len() as u64, report.exchanges);
    for id in report.requirements.iter().flat_map(|r| &r.evidence) {
        assert!(exchanges.iter().any(|e| e.id == *id), "{id}");
    }
    // What a later request took from an earlier answer can be found again.
    let query = exchanges.iter().find(|e| e.id == "PROG-01#0.1").unwrap();
    let captured = &query.sent.captured[0];
    assert_eq!(
        (captured.from.as_str(), captured.at.as_str()),
        ("PROG-01#0", "/stream_id")
    );
    let from = exchanges.iter().find(|e| e.id == captured.from).unwrap();
    let answer: serde_json::Value = serde_json::from_slice(&from.answer().unwrap().body).unwrap();
    let sent: serde_json::Value = serde_json::from_slice(&query.sent.body).unwrap();
    assert_eq!(
        answer.pointer(&captured.pointer),
        sent.pointer(&captured.at)
    );
}

#[test]
fn a_folder_that_cannot_be_written_is_told_before_anything_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let target = target("http://127.0.0.1:1");
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = Reports::create(&file, &Contract::bundled(), &target).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with(&format!("cannot write {}: ", file.display())),
        "{error}"
    );
    // A folder where a file should be.
    std::fs::create_dir(folder.path().join("junit.xml")).unwrap();
    let error = Reports::create(folder.path(), &Contract::bundled(), &target).unwrap_err();
    assert!(error.path.ends_with("junit.xml"), "{error}");
}
