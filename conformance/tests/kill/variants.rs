//! Mocks that use the page's freedom: other contracts, which break no MUST of the page.

use std::sync::Arc;

use serde_json::{Value, json};
use smsload_spec::{Contract, Document, Load};

/// A server that differs where it may.
#[derive(Debug)]
pub(crate) struct Variant {
    pub(crate) what: &'static str,
    change: fn(&mut Value),
    /// What its target file says beside the usual.
    pub(crate) more: &'static str,
}

const START: &str = "/paths/~1api~1smsload~1playback~1v1~1download/post";
const QUERY: &str = "/paths/~1api~1smsload~1playback~1v1~1queryDownloadProgress";
const TOLD: &str =
    "/callbacks/progress/{$request.body#~1callback}/post/x-job/body/downloadProgress";

pub(crate) const VARIANTS: &[Variant] = &[
    Variant {
        what: "rejections without `data`, in other words and with other codes",
        change: |document| {
            let body =
                json!({"code": "'E' + error.code", "message": "'参数错误: ' + error.message"});
            set(document, "/x-rejection/body", body);
        },
        more: "",
    },
    Variant {
        what: "rejections whose `data` is null, and members that the page does not name",
        change: |document| {
            let body = json!({
                "code": "error.code", "message": "error.message", "data": "null", "success": "false",
            });
            set(document, "/x-rejection/body", body);
            set(
                document,
                &format!("{START}/x-job/response/traceId"),
                json!("'a1b2'"),
            );
            set(
                document,
                &format!("{START}/x-job/response/data/state"),
                json!("1"),
            );
        },
        more: "",
    },
    Variant {
        what: "another message of success, a fraction of seconds and an unknown size",
        change: |document| {
            let response = format!("{START}/x-job/response");
            set(
                document,
                &format!("{response}/message"),
                json!("'操作成功'"),
            );
            let seconds = json!("string(job.seconds) + '.0'");
            set(
                document,
                &format!("{response}/data/playback_duration"),
                seconds,
            );
            set(
                document,
                &format!("{response}/data/playback_file_size"),
                json!("'0'"),
            );
        },
        more: "",
    },
    Variant {
        what: "progress under other names, as a fraction",
        change: |document| {
            let data = json!({"id": "job.id", "percent": "string(double(job.percent) / 100.0)", "url": "job.file_url"});
            set(document, &format!("{QUERY}/post/x-job/response/data"), data);
            free_progress(document);
        },
        more: "[progress.query]\nid = \"id\"\nprogress = \"percent\"\nfile_url = \"url\"\nscale = \"fraction\"\n",
    },
    Variant {
        what: "progress as a number, by query and by callback, and callbacks as a fraction",
        change: |document| {
            let data = format!("{QUERY}/post/x-job/response/data/download_progress");
            set(document, &data, json!("job.percent"));
            set(
                document,
                &format!("{START}{TOLD}"),
                json!("double(job.percent) / 100.0"),
            );
            free_progress(document);
        },
        more: "",
    },
];

/// Lets anything be progress, as a target file may.
fn free_progress(document: &mut Value) {
    set(
        document,
        "/components/schemas/Progress",
        json!({"type": "object"}),
    );
    set(
        document,
        "/components/schemas/ProgressCallback",
        json!({"type": "object"}),
    );
}

fn set(document: &mut Value, pointer: &str, value: Value) {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = document.pointer_mut(parent).and_then(Value::as_object_mut);
    let name = name.replace("~1", "/");
    parent
        .unwrap_or_else(|| panic!("no {pointer}"))
        .insert(name, value);
}

impl Variant {
    /// What the mock follows; the suite still goes by the bundled contract.
    pub(crate) fn contract(&self) -> Arc<Contract> {
        let mut document = Contract::bundled().document().clone();
        (self.change)(&mut document);
        let load = Load {
            document: Document::Text {
                name: self.what.to_owned(),
                text: document.to_string(),
            },
            overlays: Vec::new(),
        };
        let loaded = Contract::load(&load);
        Arc::new(loaded.unwrap_or_else(|problems| panic!("{}: {problems}", self.what)))
    }
}
