//! The page at `/__mock/`, as it is served; tests/browser looks at it with a browser.

use std::collections::BTreeSet;

use crate::support::{Api, Got, valid};

async fn get(api: &Api, path: &str) -> Got {
    api.send(api.client.get(api.url(path))).await
}

fn header<'g>(got: &'g Got, name: &str) -> &'g str {
    got.headers[name].to_str().unwrap()
}

#[tokio::test]
async fn it_is_served_with_all_that_it_names_and_nothing_from_elsewhere() {
    let api = Api::start().await;
    let mut met = BTreeSet::from(["/__mock/".to_owned()]);
    let mut open = vec!["/__mock/".to_owned()];
    while let Some(path) = open.pop() {
        let got = get(&api, &path).await;
        assert_eq!(got.status, 200, "{path}");
        let text = got.body.as_str().unwrap();
        assert!(
            !text.contains("http://") || path.ends_with("icon.svg"),
            "{path} names another host"
        );
        assert!(!text.contains("https://"), "{path} names another host");
        // `page/x.js` in the document, `./x.js` in a module.
        let named = text.split(['"', '\'']).filter_map(|word| {
            let is_file = [".js", ".css", ".svg"]
                .iter()
                .any(|end| word.ends_with(end));
            word.strip_prefix("page/")
                .or(word.strip_prefix("./"))
                .filter(|_| is_file)
        });
        for name in named {
            let path = format!("/__mock/page/{name}");
            if met.insert(path.clone()) {
                open.push(path);
            }
        }
    }
    assert!(met.len() > 10, "{met:?}");
}

#[tokio::test]
async fn its_policy_lets_nothing_in() {
    let api = Api::start().await;
    for path in ["/__mock/", "/__mock/page/main.js"] {
        let got = get(&api, path).await;
        let policy = header(&got, "content-security-policy");
        assert!(policy.starts_with("default-src 'none'; "), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(header(&got, "x-content-type-options"), "nosniff");
        assert_eq!(header(&got, "referrer-policy"), "no-referrer");
        assert_eq!(header(&got, "x-frame-options"), "DENY");
    }
    let types = ["text/html", "text/javascript", "text/css", "image/svg+xml"];
    let files = ["", "page/main.js", "page/page.css", "page/icon.svg"];
    for (file, media) in files.iter().zip(types) {
        let got = get(&api, &format!("/__mock/{file}")).await;
        assert!(header(&got, "content-type").starts_with(media), "{file}");
    }
}

#[tokio::test]
async fn a_browser_that_has_it_is_told_so() {
    let api = Api::start().await;
    let got = get(&api, "/__mock/").await;
    let tag = header(&got, "etag").to_owned();
    assert_eq!(header(&got, "cache-control"), "no-cache");
    let again = async |tags: &str| {
        let request = api.client.get(api.url("/__mock/"));
        api.send(request.header("if-none-match", tags)).await
    };
    for tags in [&tag, &format!("\"other\", W/{tag}"), "*"] {
        let known = again(tags).await;
        assert_eq!(
            (known.status, known.body.as_str()),
            (304, Some("")),
            "{tags}"
        );
        assert_eq!(header(&known, "etag"), tag);
    }
    assert_eq!(again("\"other\"").await.status, 200);
    let style = get(&api, "/__mock/page/page.css").await;
    assert_ne!(header(&style, "etag"), tag);
}

#[tokio::test]
async fn its_address_without_a_slash_leads_there_and_other_methods_do_not() {
    let api = Api::start().await;
    let client = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none());
    let client = client.build().unwrap();
    let moved = api.send(client.get(api.url("/__mock"))).await;
    assert_eq!((moved.status, header(&moved, "location")), (308, "__mock/"));
    let got = get(&api, "/__mock").await;
    assert!(got.body.as_str().unwrap().starts_with("<!doctype html>"));
    let posted = api.send(api.client.post(api.url("/__mock/"))).await;
    assert_eq!(
        (posted.status, header(&posted, "allow")),
        (405, "GET, HEAD")
    );
    let head = api.send(api.client.head(api.url("/__mock/"))).await;
    assert_eq!((head.status, head.body.as_str()), (200, Some("")));
    for path in [
        "/__mock/page/",
        "/__mock/page/none.js",
        "/__mock/index.html",
    ] {
        get(&api, path).await.problem(404);
    }
}

#[tokio::test]
async fn without_control_interface_there_is_none() {
    let api = Api::with(|builder| builder.control(false)).await;
    for path in ["/__mock/", "/__mock/page/main.js"] {
        get(&api, path).await.rejected(404, "40405");
    }
    api.download(&valid()).await.accepted();
}
