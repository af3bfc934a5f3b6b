//! Callback addresses that lead into this machine or its network: none is accepted, none is called.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use smsload_reference::{Config, Reference, Resolver, Resolving};

use crate::receiver::Receiver;
use crate::source::Source;
use crate::support::{Api, config, poll_until, with};

/// Hosts, in every spelling that some reader takes for an address that is not public.
const HOSTS: &[&str] = &[
    // This machine.
    "127.0.0.1",
    "127.0.0.1.",
    "127.0.0.2",
    "127.1",
    "127.0.1",
    "127.127.127.127",
    "127.255.255.254",
    "0",
    "0.0.0.0",
    "0x0",
    "00000000",
    "0.0.0.0.",
    "0.1.2.3",
    "2130706433",
    "2130706433.",
    "0x7f000001",
    "0X7F000001",
    "0x7f.1",
    "0x7f.0x0.0x0.0x1",
    "0x7f.0.0.1",
    "0177.0.0.1",
    "0177.0.0.01",
    "0177.0000.0000.0001",
    "00000177.1",
    "017700000001",
    "0x7f.0.1",
    "127.0x1",
    "①②⑦.⓪.⓪.①",
    "１２７.０.０.１",
    "127。0。0。1",
    "127．0．0．1",
    "127｡0｡0｡1",
    "%31%32%37.0.0.1",
    "127.0.0.%31",
    "%30x7f.1",
    "localhost.",
    "LOCALHOST.",
    "[::1]",
    "[::]",
    "[0:0:0:0:0:0:0:1]",
    "[0000:0000:0000:0000:0000:0000:0000:0001]",
    "[0::1]",
    "[::0001]",
    "[0:0:0:0:0:0:0:0]",
    "[::127.0.0.1]",
    "[::7f00:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::FFFF:7F00:0001]",
    "[0:0:0:0:0:ffff:127.0.0.1]",
    "[::ffff:0:127.0.0.1]",
    "[::ffff:0.0.0.0]",
    // Private networks.
    "10.0.0.1",
    "10.255.255.255",
    "012.0.0.1",
    "0xa.0.0.1",
    "167772161",
    "172.16.0.1",
    "172.31.255.255",
    "0254.16.0.1",
    "2886729729",
    "192.168.0.1",
    "192.168.1",
    "0300.0250.0.1",
    "3232235521",
    "0xc0a80001",
    "[::ffff:10.0.0.1]",
    "[::ffff:192.168.0.1]",
    "[fc00::1]",
    "[fd12:3456:789a::1]",
    "[fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]",
    "[fec0::1]",
    // Carriers, protocols, benchmarks.
    "100.64.0.1",
    "100.127.255.255",
    "192.0.0.1",
    "192.0.0.192",
    "192.88.99.1",
    "198.18.0.1",
    "198.19.255.255",
    // Link-local addresses and metadata services.
    "169.254.169.254",
    "169.254.0.1",
    "0251.0376.0251.0376",
    "0xa9.0xfe.0xa9.0xfe",
    "0xa9fea9fe",
    "2852039166",
    "169.254.43518",
    "169.16689662",
    "①⑥⑨.②⑤④.①⑥⑨.②⑤④",
    "100.100.100.200",
    "168.63.129.16",
    "[::ffff:169.254.169.254]",
    "[::ffff:a9fe:a9fe]",
    "[fe80::1]",
    "[fe80::a9fe:a9fe]",
    "[febf::1]",
    "[fd00:ec2::254]",
    // IPv4 within IPv6.
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b::a9fe:a9fe]",
    "[64:ff9b:1::a00:1]",
    "[2002:7f00:1::]",
    "[2002:7f00:0001::1]",
    "[2002:a9fe:a9fe::1]",
    "[2002:a00:1::]",
    "[2001::1]",
    "[2001:0:7f00:1::]",
    "[2001:0000:4136:e378:8000:63bf:80ff:fffe]",
    "[2620:0:2d0:200::5efe:7f00:1]",
    "[2001:10::1]",
    // Multicast, broadcast, reserved.
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "4294967295",
    "[ff02::1]",
    "[ff0e::1]",
    "[100::1]",
    "[5f00::1]",
    "[4000::1]",
    // What is no host at all.
    "127.0.0.1\\@8.8.8.8",
    "8.8.8.8\\@127.0.0.1",
    "8.8.8.8@127.0.0.1@8.8.8.8",
    "8.8.8.8@127.0.0.1",
    "127.0.0.1%00.a.example",
    "127.0.0.1\t",
    "127.0.0.1\r\nHost: a.example",
    "[::1%25lo]",
    "[fe80::1%25eth0]",
    "[::1",
    "::1",
];

/// What a name can have as its address.
const ADDRESSES: &[&str] = &[
    "127.0.0.1",
    "0.0.0.0",
    "10.1.2.3",
    "172.20.0.1",
    "192.168.1.1",
    "100.64.1.1",
    "169.254.169.254",
    "224.0.0.251",
    "255.255.255.255",
    "::1",
    "::",
    "::ffff:127.0.0.1",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "2001:0:4136:e378:8000:63bf:80ff:fffe",
    "fe80::1",
    "fd00:ec2::254",
    "ff02::1",
];

/// Each look-up gets the next answer; the last one repeats.
struct Answers {
    answers: Vec<Vec<IpAddr>>,
    asked: AtomicUsize,
}

impl Answers {
    fn new(answers: &[&[&str]]) -> Arc<Self> {
        let addresses = |texts: &&[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
        Arc::new(Self {
            answers: answers.iter().map(addresses).collect(),
            asked: AtomicUsize::new(0),
        })
    }
}

impl Resolver for Answers {
    fn resolve(&self, _name: &str) -> Resolving {
        let number = self.asked.fetch_add(1, SeqCst).min(self.answers.len() - 1);
        let answer = self.answers[number].clone();
        Box::pin(std::future::ready(Ok(answer)))
    }
}

async fn api(config: Config, resolver: Arc<Answers>) -> Api {
    let source = Source::default();
    let reference = Reference::with_source(config, Arc::new(source.clone())).unwrap();
    Api::started(reference.with_resolver(resolver), source).await
}

#[tokio::test]
async fn no_spelling_of_an_address_that_is_not_public_gets_through() {
    assert!(HOSTS.len() >= 92);
    let api = Api::start().await;
    let mut through = Vec::new();
    for host in HOSTS {
        for address in [
            format!("http://{host}/"),
            format!("http://{host}:8080/cb?x=1"),
        ] {
            let answer = api.download(&with("callback", &*address)).await;
            if answer.code() != "40003" || !answer.message().contains("callback") {
                through.push((address, answer.code().to_owned()));
            }
        }
    }
    assert_eq!(through, []);
    // The same with a public host is accepted, so that it was the host.
    for host in ["8.8.8.8", "[2606:4700:4700::1111]", "192.0.2.1"] {
        let answer = api
            .download(&with("callback", format!("http://{host}/")))
            .await;
        answer.assert_accepted();
    }
}

#[tokio::test]
async fn a_name_that_leads_inward_is_refused_when_it_is_given() {
    for address in ADDRESSES {
        for answers in [&[*address][..], &["8.8.8.8", *address]] {
            let api = api(config(), Answers::new(&[answers])).await;
            let answer = api.download(&with("callback", "http://a.example/cb")).await;
            answer.assert_rejected(200, "40003");
        }
    }
    let many: Vec<String> = (0..33).map(|n| format!("8.8.8.{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let api = api(config(), Answers::new(&[&many])).await;
    let answer = api.download(&with("callback", "http://a.example/cb")).await;
    answer.assert_rejected(200, "40003");
}

#[tokio::test]
async fn a_name_that_is_rebound_after_it_was_judged_is_not_called() {
    let receiver = Receiver::start().await;
    let mut config = config();
    config.callbacks.retry = vec![Duration::from_millis(1); 2];
    let resolver = Answers::new(&[&["8.8.8.8"], &["127.0.0.1"]]);
    let api = api(config, resolver.clone()).await;
    let callback = format!("http://a.example:{}/cb", receiver.addr.port());
    api.download(&with("callback", callback))
        .await
        .assert_accepted();
    poll_until("the end of all attempts", async || {
        api.metric("smsload_callbacks_given_up_total")
            .await
            .filter(|n| *n == 1)
    })
    .await;
    assert!(
        resolver.asked.load(SeqCst) >= 3,
        "it was judged anew for each attempt"
    );
    assert_eq!(receiver.connections(), 0);
}

#[tokio::test]
async fn what_is_allowed_is_called_and_nothing_beside_it() {
    let receiver = Receiver::start().await;
    let mut config = config();
    config.callbacks.allow = vec!["127.0.0.1/32".parse().unwrap()];
    let api = Api::with(config).await;
    api.download(&with("callback", receiver.url("/cb")))
        .await
        .assert_accepted();
    receiver.until_last().await;
    let port = receiver.addr.port();
    for host in [
        "127.0.0.2",
        "127.1",
        "2130706433",
        "[::ffff:127.0.0.1]",
        "10.0.0.1",
        "[::1]",
    ] {
        let answer = api
            .download(&with("callback", format!("http://{host}:{port}/")))
            .await;
        answer.assert_rejected(200, "40003");
    }
}

#[tokio::test]
async fn the_server_does_not_call_itself_even_where_its_network_is_allowed() {
    let mut config = config();
    config.callbacks.allow = vec!["127.0.0.0/8".parse().unwrap()];
    let api = Api::with(config).await;
    let own = api.running.url();
    let answer = api.download(&with("callback", format!("{own}/cb"))).await;
    answer.assert_rejected(200, "40003");
}
