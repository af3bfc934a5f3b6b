//! Parameters in path, query, headers and cookies, in every style.

use http::Method;
use smsload_spec::{Contract, RequestParts, Route};

use crate::support::{contract, headers, messages};

fn get(contract: &Contract, target: &str, pairs: &[(&str, &str)]) -> Vec<String> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let Route::Found(found) = contract.route(&Method::GET, path) else {
        panic!("no {path}")
    };
    let headers = headers(pairs);
    messages(&contract.request(
        &found,
        &RequestParts {
            query,
            headers: &headers,
            body: b"",
        },
    ))
}

fn with(path: &str, parameters: &str) -> Contract {
    contract(&format!(
        "openapi: 3.0.3\ninfo: {{title: t, version: '1'}}\npaths:\n  {path}:\n    get:\n      parameters: [{parameters}]\n      \
         responses: {{'200': {{description: ok}}}}\n"
    ))
}

const NONE: [&str; 0] = [];

#[test]
fn every_place() {
    let c = with(
        "/a/{id}",
        "{name: id, in: path, required: true, schema: {type: integer}}, \
         {name: q, in: query, required: true, schema: {type: boolean}}, \
         {name: X-H, in: header, schema: {type: string, maxLength: 2}}, \
         {name: c, in: cookie, schema: {type: integer, minimum: 5}}",
    );
    let good = [("x-h", "ab"), ("cookie", "d=1; c=7")];
    assert_eq!(get(&c, "/a/5?q=true", &good), NONE);
    assert_eq!(
        get(&c, "/a/x", &[("x-h", "secret"), ("cookie", "c=1")]),
        [
            "`id` must be a whole number, and is a string",
            "the query parameter `q` is missing",
            "`X-H` must have at most 2 characters",
            "`c` must be 5 or more, and is its value",
        ]
    );
}

#[test]
fn every_style() {
    let list = "schema: {type: array, items: {type: integer}, minItems: 2}";
    let object = "schema: {type: object, required: [a], properties: {a: {type: integer}, b: {type: string}}}";
    for (parameter, good, bad) in [
        (
            format!("{{name: p, in: query, {list}}}"),
            "/x?p=1&p=2",
            "/x?p=1&p=z",
        ),
        (
            format!("{{name: p, in: query, explode: false, {list}}}"),
            "/x?p=1,2",
            "/x?p=1",
        ),
        (
            format!("{{name: p, in: query, style: spaceDelimited, explode: false, {list}}}"),
            "/x?p=1%202",
            "/x?p=1",
        ),
        (
            format!("{{name: p, in: query, style: pipeDelimited, explode: false, {list}}}"),
            "/x?p=1%7C2",
            "/x?p=1",
        ),
        (
            format!("{{name: p, in: query, {object}}}"),
            "/x?a=1&b=z",
            "/x?a=z",
        ),
        (
            format!("{{name: p, in: query, explode: false, {object}}}"),
            "/x?p=a,1,b,z",
            "/x?p=b,1",
        ),
        (
            format!("{{name: p, in: query, style: deepObject, explode: true, {object}}}"),
            "/x?p[a]=1",
            "/x?p[a]=z",
        ),
        (
            "{name: p, in: query, content: {application/json: {schema: {type: integer}}}}".into(),
            "/x?p=1",
            "/x?p=%7B",
        ),
    ] {
        let c = with("/x", &parameter);
        assert_eq!(get(&c, good, &[]), NONE, "{parameter}");
        assert_eq!(get(&c, bad, &[]).len(), 1, "{parameter}");
    }
    for (style, good, bad) in [
        ("simple", "/x/1,2", "/x/1"),
        ("label, explode: true", "/x/.1.2", "/x/.1"),
        ("matrix", "/x/;p=1,2", "/x/;p=1"),
        ("matrix, explode: true", "/x/;p=1;p=2", "/x/;p=1"),
    ] {
        let c = with(
            "/x/{p}",
            &format!("{{name: p, in: path, required: true, style: {style}, {list}}}"),
        );
        assert_eq!(get(&c, good, &[]), NONE, "{style}");
        assert_eq!(get(&c, bad, &[]).len(), 1, "{style}");
    }
}

#[test]
fn paths_are_found() {
    let c = with(
        "/a/{id}",
        "{name: id, in: path, required: true, schema: {type: string}}",
    );
    let Route::Found(found) = c.route(&Method::GET, "/a/x%2Fy") else {
        panic!()
    };
    assert_eq!(found.path_parameters, [("id".to_owned(), "x/y".to_owned())]);
    assert!(matches!(
        c.route(&Method::PUT, "/a/x"),
        Route::MethodNotAllowed { allow: "GET" }
    ));
    assert!(matches!(c.route(&Method::GET, "/a"), Route::NotFound));
    assert!(matches!(c.route(&Method::GET, "/a/x/y"), Route::NotFound));
}
