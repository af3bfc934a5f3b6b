use std::path::Path;

use serde_json::Value;

use super::{TARGET_EXAMPLE, TARGET_SCHEMA};
use crate::target::Target;

const GOOD: &str = r#"
base_url = "http://127.0.0.1:4010/prefix/"

[headers]
Token = "hunter2-hunter2"

[fixtures]
device = "34020000001110000228"
channel = "34020000001320000666"
recorded = { start = "2025-04-04T21:36:17", end = "2025-04-04T21:36:27" }

[declared]
progress_query = true

[limits]
downloads = 40

[busy]
codes = ["50301"]
"#;

fn parse(text: &str) -> Result<Target, String> {
    Target::parse(Path::new("vendor.toml"), text).map_err(|e| e.to_string())
}

#[test]
fn reads_a_target() {
    let target = parse(GOOD).unwrap();
    assert_eq!(target.base_url.to_string(), "http://127.0.0.1:4010/prefix");
    assert_eq!(target.fixtures.recorded.seconds(), 10);
    assert!(target.declared.progress_query && !target.declared.files);
    assert_eq!(
        (target.limits.downloads, target.limits.concurrency),
        (Some(40), 16)
    );
    assert!(target.busy.covers(429, None) && target.busy.covers(200, Some("50301")));
    assert!(!format!("{target:?}").contains("hunter2"));
}

#[test]
fn reads_tenants_and_networks_and_needs_no_fixtures() {
    let text = GOOD.to_owned()
        + r#"
[callbacks]
allowed = ["127.0.0.1", "10.0.0.0/8"]

[tenants]
a = { tenant-id = "hunter2-a" }
b = { tenant-id = "hunter2-b" }
"#;
    let target = parse(&text).unwrap();
    assert_eq!(target.callbacks.allowed.len(), 2);
    assert!(target.names("tenants") && target.names("token"));
    assert!(!format!("{target:?}").contains("hunter2"));
    let error = parse(&text.replace("10.0.0.0/8", "10.0.0.0/99")).unwrap_err();
    assert!(
        error.contains("`callbacks.allowed[1]`: \"10.0.0.0/99\" is no network"),
        "{error}"
    );
    let bare = parse("base_url = \"http://127.0.0.1:1\"").unwrap();
    assert!(!bare.fixtures.is_named() && !bare.names("device"));
}

#[test]
fn errors_name_file_line_and_member() {
    let cases = [
        (
            GOOD.replace("progress_query", "progres_query"),
            "vendor.toml:13: `declared.progres_query`: unknown field",
        ),
        (
            GOOD.replace("T21:36:17", " 21:36:17"),
            "vendor.toml:10: `fixtures.recorded`: `start` is \"2025-04-04 21:36:17\"",
        ),
        (
            GOOD.replace("21:36:27", "21:36:07"),
            "vendor.toml:10: `fixtures.recorded`: the window",
        ),
        (
            GOOD.replace("Token =", "\"To ken\" ="),
            "`headers`: `To ken` is no header name",
        ),
        (GOOD.replace("channel = ", "# "), "missing field `channel`"),
        (GOOD.replace("[busy]", "[busy"), "vendor.toml:18"),
    ];
    for (text, expected) in cases {
        let error = parse(&text).unwrap_err();
        assert!(error.contains(expected), "{error}\n  lacks\n{expected}");
    }
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let text = r#"
base_url = "nowhere"
colour = 1
[headers]
Token = { env = "SMSLOAD_NO_SUCH" }
Host-Key = { file = "no/such/file" }
[fixtures]
device = 5
channel = ""
unknown_channel = ""
recorded = { start = "2025-04-04", end = "2025-04-04T21:36:27" }
[limits]
concurrency = 0
downloads = -1
requests_per_second = 0.0
[busy]
statuses = [200]
[tls]
insecure = true
ca_file = "ca.pem"
"#;
    let error = parse(text).unwrap_err();
    insta::with_settings!({filters => vec![(r": /\S*/no/such", ": [FOLDER]/no/such")]}, {
        insta::assert_snapshot!(error, @r#"
    vendor.toml:2: `base_url`: "nowhere" is no absolute URL (relative URL without a base); write http://HOST:PORT or https://HOST
    vendor.toml:3: `colour`: unknown field `colour`, expected one of `base_url`, `vendor`, `headers`, `tls`, `fixtures`, `tenants`, `callbacks`, `progress`, `declared`, `limits`, `busy`
    vendor.toml:5: `headers.token`: the environment variable `SMSLOAD_NO_SUCH` is not set; set it, or name another
    vendor.toml:6: `headers.host-key`: [FOLDER]/no/such/file cannot be read (No such file or directory (os error 2))
    vendor.toml:8: `fixtures.device`: invalid type: integer `5`, expected a string
    vendor.toml:9: `fixtures.channel`: is empty
    vendor.toml:10: `fixtures.unknown_channel`: is the known one
    vendor.toml:11: `fixtures.recorded`: `start` is "2025-04-04", which is no local date-time; write YYYY-MM-DDTHH:mm:ss, without a zone
    vendor.toml:13: `limits.concurrency`: must be at least 1
    vendor.toml:14: `limits.downloads`: invalid value: integer `-1`, expected u32
    vendor.toml:15: `limits.requests_per_second`: must be a number from 0.001
    vendor.toml:17: `busy.statuses`: 200 is no status of an answer that refuses; write 400 to 599
    vendor.toml:19: `tls.insecure`: no certificate is verified with it, so `tls.ca_file` is of no use; remove one of them
    "#);
    });
}

#[test]
fn faults_of_syntax_are_told_together() {
    let error = parse("base_url = \nx = 1\ny = [1,\n[z\n").unwrap_err();
    assert!(
        error.contains("vendor.toml:1: ") && error.lines().count() > 1,
        "{error}"
    );
}

/// What is said against a text by the reader, leaving secrets aside that are elsewhere; and by the schema.
fn verdicts(text: &str) -> (Result<(), String>, Result<(), String>) {
    let reader = match Target::parse(Path::new("vendor.toml"), text) {
        Ok(_) => Ok(()),
        Err(super::TargetFileError::Wrong(faults)) => {
            let is_elsewhere =
                |why: &str| why.contains("is not set") || why.contains("cannot be read");
            let rest: Vec<_> = faults.iter().filter(|f| !is_elsewhere(&f.why)).collect();
            if rest.is_empty() {
                Ok(())
            } else {
                Err(format!("{rest:?}"))
            }
        }
        Err(other) => Err(other.to_string()),
    };
    let value = toml::from_str::<Value>(text).unwrap();
    let schema = jsonschema::validator_for(&schema()).unwrap();
    let error = schema
        .iter_errors(&value)
        .map(|e| format!("{}: {e}", e.instance_path()))
        .next();
    (reader, error.map_or(Ok(()), Err))
}

fn schema() -> Value {
    serde_json::from_str(TARGET_SCHEMA).unwrap()
}

/// The example with everything in it that is commented out.
fn whole_example() -> String {
    let is_member = |line: &str| {
        line.starts_with('[')
            || line
                .split_once(" = ")
                .is_some_and(|(name, _)| !name.contains(' '))
    };
    TARGET_EXAMPLE
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(inner) if is_member(inner) => inner,
            _ => line,
        })
        .filter(|line| !line.starts_with("ca_file"))
        .collect::<Vec<_>>()
        .join("\n")
        .replace("base_url = \"http:", "base_url = \"https:")
}

#[test]
fn the_example_names_every_member_and_can_be_read() {
    assert_eq!(verdicts(TARGET_EXAMPLE), (Ok(()), Ok(())));
    let whole = whole_example();
    assert_eq!(verdicts(&whole), (Ok(()), Ok(())), "{whole}");
    for (path, table) in tables(&schema()) {
        for name in table["properties"].as_object().unwrap().keys() {
            assert!(TARGET_EXAMPLE.contains(name.as_str()), "{path}: {name}");
        }
    }
}

/// Every table of the schema that has named members, with a path at which one stands.
fn tables(schema: &Value) -> Vec<(String, Value)> {
    let mut out = vec![(String::new(), schema.clone())];
    for (name, table) in schema["properties"].as_object().unwrap() {
        if table.get("properties").is_some() {
            out.push((name.clone(), table.clone()));
            for (inner, deeper) in table["properties"].as_object().unwrap() {
                if deeper.get("properties").is_some() {
                    out.push((format!("{name}.{inner}"), deeper.clone()));
                }
            }
        }
    }
    let definitions = &schema["definitions"];
    out.push(("fixtures.recorded".into(), definitions["window"].clone()));
    out.push((
        "headers.linker-sign".into(),
        definitions["secret"]["oneOf"][1].clone(),
    ));
    out
}

/// The whole example as a value in which a table can be changed.
fn change(path: &str, change: impl Fn(&mut serde_json::Map<String, Value>)) -> String {
    let mut root: Value = toml::from_str(&whole_example()).unwrap();
    let mut at = &mut root;
    for key in path.split('.').filter(|k| !k.is_empty()) {
        let table = at.as_object_mut().unwrap();
        at = table
            .entry(key)
            .or_insert_with(|| Value::Object(Default::default()));
    }
    change(at.as_object_mut().unwrap());
    inline(&root)
}

/// A value as TOML; JSON strings are TOML's too.
fn inline(root: &Value) -> String {
    fn inner(value: &Value) -> String {
        match value {
            Value::Object(members) => {
                let members = members.iter().map(|(k, v)| format!("{k:?} = {}", inner(v)));
                format!("{{ {} }}", members.collect::<Vec<_>>().join(", "))
            }
            Value::Array(items) => {
                let items: Vec<_> = items.iter().map(inner).collect();
                format!("[{}]", items.join(", "))
            }
            other => other.to_string(),
        }
    }
    let members = root.as_object().unwrap().iter();
    members
        .map(|(k, v)| format!("{k:?} = {}\n", inner(v)))
        .collect()
}

#[test]
fn schema_and_reader_know_the_same_members() {
    for (path, table) in tables(&schema()) {
        let text = change(&path, |table| {
            table.insert("zzz".into(), 1.into());
        });
        let (reader, schema) = verdicts(&text);
        assert!(
            schema.is_err(),
            "{path}: the schema takes an unknown member"
        );
        let error = reader.unwrap_err();
        let (_, known) = error
            .split_once("unknown field `zzz`, expected ")
            .expect(&error);
        let end = known.find('"').unwrap_or(known.len());
        let known: Vec<_> = known[..end].split('`').skip(1).step_by(2).collect();
        let mut named: Vec<_> = table["properties"].as_object().unwrap().keys().collect();
        let mut known: Vec<_> = known.into_iter().map(str::to_owned).collect();
        named.sort();
        known.sort();
        assert_eq!(known.iter().collect::<Vec<_>>(), named, "{path}");
        for required in table["required"].as_array().into_iter().flatten() {
            let name = required.as_str().unwrap();
            let (reader, schema) = verdicts(&change(&path, |table| {
                table.shift_remove(name);
            }));
            assert!(
                reader.is_err() && schema.is_err(),
                "{path}.{name}: {reader:?} {schema:?}"
            );
        }
    }
}

#[test]
fn schema_and_reader_agree_on_values() {
    let number = |n: f64| Value::from(n);
    let cases: Vec<(&str, &str, Value)> = vec![
        ("", "base_url", "ftp://a".into()),
        ("", "base_url", 5.into()),
        ("headers", "a b", "c".into()),
        ("headers", "a", "".into()),
        ("headers", "a", 1.into()),
        ("headers", "a", serde_json::json!({})),
        ("headers", "a", serde_json::json!({"env": "A", "file": "b"})),
        ("headers", "a", serde_json::json!({"command": []})),
        (
            "headers",
            "a",
            serde_json::json!({"command": ["true"], "lifetime_seconds": 0}),
        ),
        ("fixtures", "device", "".into()),
        ("fixtures", "recorded", "2025".into()),
        ("fixtures", "callback", "/progress".into()),
        ("callbacks", "allowed", serde_json::json!([""])),
        ("declared", "files", "yes".into()),
        ("limits", "concurrency", 0.into()),
        ("limits", "concurrency", 65_536.into()),
        ("limits", "downloads", 0.into()),
        ("limits", "answer_milliseconds", number(0.5)),
        ("limits", "requests_per_second", 0.into()),
        ("limits", "group_of_pictures_seconds", (-1).into()),
        ("busy", "statuses", serde_json::json!([200])),
        ("busy", "codes", serde_json::json!(["0"])),
        ("tls", "insecure", 1.into()),
    ];
    for (path, name, value) in cases {
        let text = change(path, |table| {
            table.insert(name.into(), value.clone());
        });
        let (reader, schema) = verdicts(&text);
        assert!(
            reader.is_err() && schema.is_err(),
            "{path}.{name} = {value}: {reader:?} {schema:?}"
        );
    }
}

#[test]
fn defaults_of_the_schema_are_the_readers() {
    for (path, table) in tables(&schema()) {
        for (name, member) in table["properties"].as_object().unwrap() {
            let Some(default) = member.get("default") else {
                continue;
            };
            let read = |text: String| format!("{:?}", parse(&text).unwrap());
            let bare = "base_url = \"https://a\"\n";
            let said = format!(
                "{bare}{path}.{name} = {}",
                inline(&serde_json::json!({"x": default})).trim_start_matches("\"x\" = ")
            );
            assert_eq!(read(said), read(bare.to_owned()), "{path}.{name}");
        }
    }
}
