//! Jobs by the control interface: listed, shown, and changed by hand.

use serde_json::{Value, json};

use super::NONE;
use crate::support::{Api, but, valid};

#[tokio::test]
async fn jobs_are_listed_page_by_page_and_by_state() {
    let api = Api::start().await;
    let mut ids = Vec::new();
    for channel in ["1", "2", "3", "4", "5"] {
        ids.push(api.start_download(&but("channel", channel)).await);
    }
    api.control("POST", &format!("/jobs/{}/fail", ids[1]), NONE)
        .await
        .json(200);
    api.control("POST", &format!("/jobs/{}/stall", ids[3]), NONE)
        .await
        .json(200);
    let listed = |page: &Value| -> Vec<String> {
        let jobs = page["jobs"].as_array().unwrap().iter();
        jobs.map(|job| job["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let first = api.get("/jobs?limit=2").await;
    assert_eq!(
        (listed(&first), &first["next"]),
        (ids[..2].to_vec(), &json!(1))
    );
    let rest = api.get("/jobs?limit=9&after=1").await;
    assert_eq!((listed(&rest), &rest["next"]), (ids[2..].to_vec(), &NONE));
    assert_eq!(
        listed(&api.get("/jobs?state=failed").await),
        [ids[1].clone()]
    );
    assert_eq!(
        listed(&api.get("/jobs?state=stalled").await),
        [ids[3].clone()]
    );
    assert_eq!(listed(&api.get("/jobs?state=running").await).len(), 3);
    assert_eq!(listed(&api.get("/jobs?state=finished").await).len(), 0);
}

#[tokio::test]
async fn the_newest_jobs_are_listed_and_all_are_counted() {
    let api = Api::start().await;
    for channel in ["1", "2", "3", "4", "5"] {
        api.start_download(&but("channel", channel)).await;
    }
    let numbers = async |query: &str| -> Vec<u64> {
        let page = api.get(&format!("/jobs?{query}")).await;
        let jobs = page["jobs"].as_array().unwrap().iter();
        jobs.map(|job| job["number"].as_u64().unwrap()).collect()
    };
    assert_eq!(numbers("latest=true&limit=2").await, [3, 4]);
    assert_eq!(numbers("latest=true&limit=2&before=3").await, [1, 2]);
    assert_eq!(numbers("latest=true&limit=2&before=1").await, [0]);
    assert_eq!(numbers("before=3&after=0").await, [1, 2]);
    assert_eq!(numbers("latest=false&limit=2").await, [0, 1]);
    let last = api.get("/jobs?latest=true&limit=2").await;
    assert_eq!(last["next"], NONE, "there is nothing after the last");
    assert_eq!(last.get("counts"), None, "nobody asked for it");

    let id = last["jobs"][0]["id"].as_str().unwrap().to_owned();
    api.control("POST", &format!("/jobs/{id}/finish"), NONE)
        .await
        .json(200);
    let counted = api.get("/jobs?counts=true&limit=1&state=failed").await;
    assert_eq!(
        (&counted["jobs"], &counted["counts"]),
        (
            &json!([]),
            &json!({"waiting": 0, "running": 4, "stalled": 0, "failed": 0, "finished": 1})
        )
    );
}

#[tokio::test]
async fn a_job_tells_where_its_file_is_once_it_is_there() {
    let api = Api::start().await;
    let id = api.start_download(&valid()).await;
    assert_eq!(api.get(&format!("/jobs/{id}")).await["file"], NONE);
    let finished = api
        .control("POST", &format!("/jobs/{id}/finish"), NONE)
        .await;
    let finished = finished.json(200);
    let told = api.progress(&id).await.accepted();
    assert_eq!(finished["file"], told["file_url"]);
    let got = api.send(api.client.head(finished["file"].as_str().unwrap()));
    let length = got.await.headers["content-length"].clone();
    assert_eq!(length.to_str().unwrap(), finished["bytes"].to_string());
    assert_eq!(api.get("/jobs").await["jobs"][0]["file"], finished["file"]);
}

#[tokio::test]
async fn a_job_is_stalled_resumed_finished_failed_and_forgotten() {
    let api = Api::start().await;
    let id = api.start_download(&valid()).await;
    let seconds = json!({"seconds": 30});
    let at = async |what: &str| {
        let job = api
            .control("POST", &format!("/jobs/{id}/{what}"), NONE)
            .await
            .json(200);
        job["state"].as_str().unwrap().to_owned()
    };
    assert_eq!(at("stall").await, "stalled");
    api.control("POST", "/clock/advance", seconds.clone())
        .await
        .json(200);
    assert_eq!(api.percent(&id).await, 0);
    assert_eq!(at("resume").await, "running");
    api.control("POST", "/clock/advance", seconds)
        .await
        .json(200);
    let percent = api.percent(&id).await;
    assert!((6..=27).contains(&percent), "{percent}");
    assert_eq!(at("finish").await, "finished");
    assert_eq!(api.percent(&id).await, 100);
    let job = api.get(&format!("/jobs/{id}")).await;
    assert_eq!(
        (&job["state"], &job["percent"]),
        (&json!("finished"), &json!(100))
    );
    let other = api.start_download(&valid()).await;
    let failed = api
        .control("POST", &format!("/jobs/{other}/fail"), NONE)
        .await
        .json(200);
    assert_eq!(failed["state"], "failed");
    assert_ne!(api.progress(&other).await.body["code"], "0");
    let encoded = other.replace(':', "%3A");
    api.control("DELETE", &format!("/jobs/{encoded}"), NONE)
        .await
        .json(200);
    let got = api
        .control("DELETE", &format!("/jobs/{encoded}"), NONE)
        .await;
    assert!(got.problem(404).contains(&other));
    api.progress(&other).await.rejected(200, "40404");
}

#[tokio::test]
async fn an_id_with_a_slash_is_reached_encoded() {
    let api = Api::edited(&[(
        "'download:' + gbCode(self.device_unicode, '111')",
        "self.channel + '/' + gbCode(self.device_unicode, '111')",
    )])
    .await;
    let id = api.start_download(&but("channel", "a/b?")).await;
    assert!(id.starts_with("a/b?/"), "{id}");
    let encoded = id.replace('/', "%2F").replace('?', "%3f");
    let job = api.get(&format!("/jobs/{encoded}")).await;
    assert_eq!(job["id"], id);
    api.control("GET", &format!("/jobs/{id}"), NONE)
        .await
        .problem(404);
}
