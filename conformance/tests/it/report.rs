//! The reports, as a person and a program see them.

use smsload_conformance::{
    Event, JSON_SCHEMA_VERSION, Report, Reporter as _, Reports, Run, Target, Terminal, write_json,
};
use smsload_spec::Contract;

use crate::server::{Choices, Fault, serve};
use crate::support::target;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn show_a_failure_with_its_reasons() {
    let address = serve(Choices::default(), Fault::Reversed).await;
    let run = Run::builder(Contract::bundled(), target(&address))
        .seed(u64::MAX)
        .cases(8)
        .only(["ACC-01", "ACC-09", "TIME-01", "TIME-06", "SECU-07"])
        .build()
        .unwrap();
    let mut terminal = Terminal::new(Vec::new(), false);
    let result = run.run(&mut terminal).await;
    let text = String::from_utf8(terminal.finish().unwrap()).unwrap();
    insta::with_settings!({filters => vec![
        (r"127\.0\.0\.1:\d+", "HOST"),
        (r"in \d+\.\d s", "in TIME"),
        (r":1\d{9}", ":SSRC"),
    ]}, {
        insta::assert_snapshot!(text);
    });

    let mut json = Vec::new();
    write_json(&result, &mut json).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
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
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let run = Run::builder(Contract::bundled(), target(&address))
        .seed(1)
        .build()
        .unwrap();
    let mut terminal = Terminal::new(Vec::new(), true);
    let _ = run.run(&mut terminal).await;
    let text = String::from_utf8(terminal.finish().unwrap()).unwrap();
    insta::with_settings!({filters => vec![(r"127\.0\.0\.1:\d+", "HOST")]}, {
        insta::assert_snapshot!(text);
    });
}
