//! Files of a contract that change while it is used.

use std::path::Path;

use smsload_mock::{Watch, WatchError};
use smsload_spec::{Contract, Document, Load, OPENAPI_YAML, Problems};

use crate::support::SOON;

/// Saves as editors do: a new file, renamed over the old one.
fn save(path: &Path, text: &str) {
    let new = path.with_extension("new");
    std::fs::write(&new, text).unwrap();
    std::fs::rename(new, path).unwrap();
}

fn titled(title: &str) -> String {
    let title = format!("\ninfo:\n  title: {title}\n  x-old-title:");
    OPENAPI_YAML.replacen("\ninfo:\n  title:", &title, 1)
}

fn watch(load: &Load) -> Watch {
    let contract = Contract::load(load).unwrap_or_else(|p| panic!("{p}"));
    Watch::start(load.clone(), &contract).unwrap()
}

async fn changed(watch: &mut Watch) -> Result<Contract, Problems> {
    let change = tokio::time::timeout(SOON, watch.changed());
    change.await.expect("the change is seen")
}

#[tokio::test]
async fn a_saved_document_is_read_again_and_a_broken_one_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("openapi.yaml");
    std::fs::write(&path, titled("one")).unwrap();
    let mut watch = watch(&Load {
        document: Document::File(path.clone()),
        overlays: Vec::new(),
    });
    for title in ["two", "three"] {
        save(&path, &titled(title));
        assert_eq!(changed(&mut watch).await.unwrap().title(), title);
    }
    save(&path, "openapi: 3.0.3\n");
    let problems = changed(&mut watch).await.unwrap_err();
    assert!(problems.has_errors());
    std::fs::remove_file(&path).unwrap();
    let gone = changed(&mut watch).await.unwrap_err();
    assert!(gone.unreadable, "{gone}");
    save(&path, &titled("back"));
    assert_eq!(changed(&mut watch).await.unwrap().title(), "back");
}

#[tokio::test]
async fn overlays_are_watched_and_other_files_are_not() {
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (path, overlay) = (dir.path().join("a.yaml"), other.path().join("o.yaml"));
    let update = |title: &str| {
        format!(
            "overlay: 1.0.0\ninfo: {{title: o, version: '1'}}\nactions:\n  - target: $.info\n    update: {{title: \
             {title}}}\n"
        )
    };
    std::fs::write(&path, OPENAPI_YAML).unwrap();
    std::fs::write(&overlay, update("one")).unwrap();
    let mut watch = watch(&Load {
        document: Document::File(path.clone()),
        overlays: vec![overlay.clone()],
    });
    // Neither another file nor the same content is a change; the overlay, saved last, is the first that is seen.
    save(&dir.path().join("b.yaml"), "x");
    save(&path, OPENAPI_YAML);
    save(&overlay, &update("two"));
    assert_eq!(changed(&mut watch).await.unwrap().title(), "two");
}

#[tokio::test]
async fn what_changed_before_the_watch_is_seen() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("openapi.yaml");
    std::fs::write(&path, titled("one")).unwrap();
    let load = Load {
        document: Document::File(path.clone()),
        overlays: Vec::new(),
    };
    let contract = Contract::load(&load).unwrap();
    save(&path, &titled("two"));
    let mut watch = Watch::start(load, &contract).unwrap();
    assert_eq!(changed(&mut watch).await.unwrap().title(), "two");
}

#[tokio::test]
async fn the_bundled_contract_cannot_be_watched() {
    let error = Watch::start(Load::default(), &Contract::bundled()).unwrap_err();
    assert!(matches!(error, WatchError::NoFiles), "{error}");
}
