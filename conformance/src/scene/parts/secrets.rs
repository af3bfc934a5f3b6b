//! SECU-03 and SECU-06: the addresses of own files, and what else is given where such an address is bent.

use url::Url;

use super::files::address;
use crate::receiver::Manner;
use crate::scene::follow::Follower;
use crate::scene::stage::{Address, Stage, Started};

/// Own downloads, whose addresses are compared.
const DOWNLOADS: usize = 3;
/// How far up a path is climbed.
const UP: usize = 8;
/// Files that every system of a kind has, and that hold no secret.
const KNOWN: [&str; 2] = ["etc/passwd", "windows/win.ini"];
/// Ways to write `../`.
const WAYS: [&str; 9] = [
    "../",
    "..%2f",
    "%2e%2e/",
    "%2e%2e%2f",
    "..%5c",
    "..\\",
    "%252e%252e%252f",
    "..%c0%af",
    "....//",
];

/// A few downloads one after the other, then the bent addresses of the last one.
pub(super) async fn secrets(stage: &Stage<'_>) {
    let mut last = None;
    for number in 0..DOWNLOADS {
        let own = if stage.has_callbacks {
            Address::Own(Manner::Take, "")
        } else {
            Address::None
        };
        let name = stage.name("SECU-03", number);
        let started = stage.start(name, stage.short(), own).await;
        let mut follower = Follower::new(stage, &started);
        follower.until_told().await;
        follower.keep(std::time::Duration::ZERO).await;
        let url = follower.facts.url.and_then(|url| address(stage, &url));
        last = url.map(|url| (started, url)).or(last);
    }
    let Some((started, url)) = last else { return };
    if stage.judges("SECU-06") {
        bend(stage, &started, &url).await;
    }
}

async fn bend(stage: &Stage<'_>, started: &Started, url: &Url) {
    for target in bent(url) {
        if stage.session.gone().is_some() {
            return;
        }
        stage.fetch_raw(started, url, &target).await;
    }
}

/// Request targets that lead out of where the file lies. The first one leads nowhere: so it is known what is answered
/// to anything.
fn bent(url: &Url) -> Vec<String> {
    let path = url.path();
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let query = url.query().map(|q| format!("?{q}")).unwrap_or_default();
    let mut targets = vec![format!("{folder}/no-such-file-0a1b2c3d")];
    for known in KNOWN {
        for way in WAYS {
            let known = if way.contains("5c") || way.contains('\\') {
                known.replace('/', "%5c")
            } else {
                known.to_owned()
            };
            targets.push(format!("{folder}/{}{known}", way.repeat(UP)));
        }
    }
    let (passwd, up) = (KNOWN[0], "../".repeat(UP));
    targets.push(format!("{path}/{up}{passwd}"));
    targets.push(format!("{path}%00/../{up}{passwd}"));
    targets.push(format!("{folder}/{up}{passwd}%00.mp4{query}"));
    targets.push(format!("{folder}//{passwd}"));
    targets.push(format!("/{up}{passwd}"));
    let origin = url.origin().ascii_serialization();
    targets.push(format!("{origin}{folder}/{up}{passwd}"));
    targets
}

#[cfg(test)]
mod tests {
    use super::bent;

    #[test]
    fn every_bent_address_can_be_sent_as_it_is() {
        let url = "http://127.0.0.1:1/files/0123/a%3Ab.mp4?k=1"
            .parse()
            .unwrap();
        let targets = bent(&url);
        assert!(targets.len() > 20);
        for target in targets {
            let uri: http::Uri = target.parse().unwrap();
            let sent = uri.path_and_query().unwrap().as_str();
            assert!(target.ends_with(sent), "{target} became {sent}");
        }
    }
}
