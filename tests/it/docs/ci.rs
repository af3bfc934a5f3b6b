//! The files for CI systems under docs/ci: each is read as its system reads it, and its commands are run in order.

use serde_yaml::Value;

use super::document::{Step, root};
use super::session::Session;
use super::stage;

/// What a command would fetch from elsewhere.
const NOT_RUN: [&str; 1] = ["command -v smsload || cargo install "];

fn texts<'a>(value: &'a Value, key: &str) -> Vec<&'a str> {
    match &value[key] {
        Value::String(text) => vec![text],
        Value::Sequence(list) => list.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// The `run` of each step of each job.
fn github(text: &str) -> Vec<String> {
    let file: Value = serde_yaml::from_str(text).unwrap();
    assert!(file["on"].is_sequence() && file["name"].is_string());
    let jobs = file["jobs"].as_mapping().unwrap();
    let steps = jobs.values().flat_map(|job| {
        assert!(job["runs-on"].is_string());
        job["steps"].as_sequence().unwrap()
    });
    let runs = steps.filter_map(|step| {
        assert!(
            step["run"].is_string() != step["uses"].is_string(),
            "{step:?}"
        );
        step["run"].as_str()
    });
    runs.map(|run| run.replace("${{ matrix.shard }}", "1"))
        .collect()
}

/// The scripts of each job, in the order in which they run.
fn gitlab(text: &str) -> Vec<String> {
    let file: Value = serde_yaml::from_str(text).unwrap();
    let jobs = file.as_mapping().unwrap().values();
    let jobs = jobs.filter(|job| job.get("script").is_some());
    let scripts = jobs.flat_map(|job| {
        let parts = ["before_script", "script", "after_script"];
        parts
            .iter()
            .flat_map(|part| texts(job, part))
            .collect::<Vec<_>>()
    });
    scripts.map(str::to_owned).collect()
}

/// The texts of the `sh` steps.
fn jenkins(text: &str) -> Vec<String> {
    let count = |c: char| text.matches(c).count();
    assert_eq!(count('{'), count('}'));
    let mut rest = text;
    let mut found = Vec::new();
    while let Some(at) = rest.find(" sh '") {
        let quoted = &rest[at + 4..];
        let mark = if quoted.starts_with("'''") {
            "'''"
        } else {
            "'"
        };
        let quoted = &quoted[mark.len()..];
        let end = quoted.find(mark).unwrap();
        found.push(quoted[..end].trim().to_owned());
        rest = &quoted[end + mark.len()..];
    }
    found
}

#[test]
fn files_for_ci_systems_work() {
    let folder = root().join("docs/ci");
    let mut count = 0;
    std::thread::scope(|scope| {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let text = std::fs::read_to_string(&path).unwrap();
            let scripts = match name.split_once('-').unwrap().1 {
                "github-actions.yml" => github(&text),
                "gitlab-ci.yml" => gitlab(&text),
                "Jenkinsfile" => jenkins(&text),
                other => panic!("{other}: for which system is it?"),
            };
            count += 1;
            scope.spawn(move || run(&name, &scripts));
        }
    });
    assert_eq!(count, 6);
}

fn run(name: &str, scripts: &[String]) {
    let stage = stage::of(&format!("docs/ci/{}", name.split('-').next().unwrap()));
    let mut session = Session::start(&stage);
    // What the systems themselves tell.
    let told = "export GITHUB_STEP_SUMMARY=summary.md CI_NODE_INDEX=1 CI_NODE_TOTAL=3 SHARD=1 CARGO_HOME=/nowhere";
    let mut judged = 0;
    for script in [told].into_iter().chain(scripts.iter().map(String::as_str)) {
        if NOT_RUN.iter().any(|not| script.starts_with(not)) {
            continue;
        }
        judged += usize::from(script.starts_with("smsload "));
        let step = Step::new(script, 0, 0);
        if let Err(error) = session.run(&step, None) {
            panic!("docs/ci/{name}: {script}\n{error}");
        }
    }
    assert_eq!(judged, 1, "{name}");
}
