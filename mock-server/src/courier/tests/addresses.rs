use super::Bench;
use super::receiver::Receiver;

#[tokio::test(flavor = "multi_thread")]
async fn the_address_reaches_the_wire_as_it_was_given() {
    for (given, wire) in [
        ("/a%2Fb/c+d?x=%7e&&=", "/a%2Fb/c+d?x=%7e&&="),
        ("/%2f%2F%e4%B8%ad", "/%2f%2F%e4%B8%ad"),
        ("//x", "//x"),
        ("/?", "/?"),
        ("?", "/?"),
        ("", "/"),
        ("?a=b?c/d", "/?a=b?c/d"),
        ("/a/../b/./c/", "/a/../b/./c/"),
        ("/a;b=c,d:e@f!$&'()*", "/a;b=c,d:e@f!$&'()*"),
        ("/a#fragment", "/a"),
        ("/进度", "/%E8%BF%9B%E5%BA%A6"),
    ] {
        let receiver = Receiver::healthy().await;
        let bench = Bench::new();
        bench.start(1, &receiver.url(given));
        bench.pass(10.0).await;
        let hits = receiver.hits();
        assert_eq!(hits[0].line, format!("POST {wire} HTTP/1.1"));
        assert_eq!(hits[0].headers["host"], receiver.addr.to_string());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_resolved_and_kept_as_written() {
    let receiver = Receiver::healthy().await;
    let bench = Bench::new();
    let port = receiver.addr.port();
    bench.start(1, &format!("HTTP://me:secret@LocalHost:{port}/"));
    bench.pass(10.0).await;
    let headers = &receiver.hits()[0].headers;
    assert_eq!(headers["host"], format!("LocalHost:{port}"));
    assert!(!headers.contains_key("authorization"));
}
