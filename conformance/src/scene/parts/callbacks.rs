//! Callbacks: for requests that are rejected, to addresses of every form, to where nobody is, and to receivers that fail,
//! hang, reset, redirect or are slow.

use std::time::Duration;

use futures_util::future::join_all;
use proptest::strategy::{Strategy as _, ValueTree as _};

use crate::api::Object;
use crate::checks::text;
use crate::receipt::Reply;
use crate::receiver::{Manner, Receiver};
use crate::scene::follow::Follower;
use crate::scene::stage::{Address, Stage};
use crate::seed;

/// So long a slow receiver takes for an answer.
pub(crate) const SLOW: Duration = Duration::from_secs(3);
/// An address of nobody (RFC 5737): where packets get lost rather than refused.
const NOWHERE: &str = "http://192.0.2.1:9/progress";
/// After the last thing that is waited for, before it is said that nothing came.
const QUIET: Duration = Duration::from_secs(1);

/// Rests that must arrive as they are: each with something that is often changed.
const PLAIN: [&str; 2] = [
    "/a%2Fb/c+d?x=1+2&y=%2F%2B%20z&empty=&last",
    "/without/query",
];
/// More of them, drawn: what RFC 3986 allows, without what is often normalised (dots, `//`, `'`, escaped letters).
const DRAWN: u32 = 2;
/// Rests that should arrive as they are.
const NORMALISED: [&str; 4] = ["/n?", "/a/./b/../c", "/a//b", "/x%2fy%c3%a9?q=%e5%bd%95"];

/// Requests that are rejected, each with a callback address.
pub(super) async fn rejected(stage: &Stage<'_>) {
    let api = &stage.session.api;
    let names = &api.names;
    let reversed = |body: &mut Object| {
        let (start, end) = (body.remove(&names.start), body.remove(&names.end));
        body.extend(start.map(|start| (names.end.clone(), start)));
        body.extend(end.map(|end| (names.start.clone(), end)));
    };
    let unsupported = |body: &mut Object| {
        let other = api.unsupported.first().map_or("0", String::as_str);
        body.insert(api.source_type.to_owned(), other.into());
    };
    let incomplete = |body: &mut Object| drop(body.shift_remove(&names.end));
    let faults: [&(dyn Fn(&mut Object) + Sync); 3] = [&reversed, &unsupported, &incomplete];
    join_all(
        faults
            .into_iter()
            .enumerate()
            .map(|(number, fault)| async move {
                let mut body = api.body(stage.short());
                fault(&mut body);
                let name = stage.name("CALL-06", number);
                let address = Address::Own(Manner::Take, "/rejected");
                stage.start_body(name, body, address).await;
            }),
    )
    .await;
    stage.calm.over().await;
    tokio::time::sleep(QUIET).await;
}

/// Addresses of every form.
pub(super) async fn addresses(stage: &Stage<'_>) {
    let drawn = (0..DRAWN).filter_map(|n| {
        let rest = text("(/([A-Za-z0-9_~!$&()*,;=:@+-]|%2F|%3F|%23|%26|%3D|%2B|%25|%20){1,8}){1,3}[?][A-Za-z0-9:@!$()*,;=&+_~-]{1,12}");
        let tree = rest.new_tree(&mut seed::runner(stage.seed, "CALL-07", n)).ok()?;
        Some(tree.current())
    });
    let musts = PLAIN.map(str::to_owned).into_iter().chain(drawn);
    let user: fn(&str) -> String = |a| a.replacen("://", "://user:secret@", 1);
    let fragment: fn(&str) -> String = |a| format!("{a}/f#fragment");
    let foreign: fn(&str) -> String = |a| format!("{a}/录像?名=值");
    let port: fn(&str) -> String = |a| {
        let (scheme, rest) = a.split_once("://").unwrap_or(("http", a));
        let (place, path) = rest.split_once('/').unwrap_or((rest, ""));
        let host = place.rsplit_once(':').map_or(place, |(host, _)| host);
        format!("{scheme}://{host}:0/{path}")
    };
    let plain = |rest: String| -> Write { Box::new(move |address| format!("{address}{rest}")) };
    let groups: [(&str, Vec<Write>); 3] = [
        ("CALL-07", musts.map(plain).collect()),
        (
            "CALL-07/normalised-forms",
            NORMALISED.map(str::to_owned).map(plain).into(),
        ),
        (
            "CALL-07/unusual-addresses",
            [user, fragment, foreign, port]
                .map(|write| -> Write { Box::new(write) })
                .into(),
        ),
    ];
    let wanted = groups
        .iter()
        .filter(|(line, _)| stage.lines.contains(*line));
    let all =
        wanted.flat_map(|(line, list)| list.iter().enumerate().map(move |(n, w)| (*line, n, w)));
    join_all(all.map(|(line, number, write)| async move {
        let name = stage.name(line, number);
        let address = Address::Written(write.as_ref());
        let started = stage.start(name, stage.short(), address).await;
        let is_odd = line.ends_with("unusual-addresses");
        let waiting = Follower::new(stage, &started);
        let called = async move {
            let mut waiting = waiting;
            waiting.until_called().await;
        };
        if is_odd {
            // Nothing need come: what came until the others have theirs is reported.
            let _ = tokio::time::timeout(stage.keeping() + QUIET, called).await;
        } else {
            called.await;
        }
    }))
    .await;
}

/// Writes a callback address from one of the runner's own.
type Write = Box<dyn Fn(&str) -> String + Send + Sync>;

/// Addresses where nobody answers, and one to compare with.
pub(super) async fn unreachable(stage: &Stage<'_>) {
    // What others do to the target would show in the time of an answer.
    stage.calm.over().await;
    stage.slow.over().await;
    let name = |number| stage.name("CALL-08", number);
    let control = Address::Own(Manner::Take, "/control");
    let control = stage.start(name(0), stage.short(), control).await;
    let controlling = async {
        Follower::new(stage, &control).keep(Duration::ZERO).await;
    };
    let closed = stage.receiver.and_then(Receiver::closed);
    let addresses = [closed, Some(NOWHERE.to_owned())];
    let unreached = addresses.into_iter().enumerate();
    let others = join_all(unreached.map(|(number, address)| async move {
        let Some(address) = address else { return };
        let started = stage
            .start(name(number + 1), stage.short(), Address::Other(address))
            .await;
        Follower::new(stage, &started).until_told().await;
    }));
    tokio::join!(controlling, others);
}

/// Receivers that fail once, when the end is told; and one that redirects.
pub(super) async fn spoilt(stage: &Stage<'_>) {
    stage.calm.over().await;
    stage.slow.over().await;
    let spoilt = [Reply::Status(500), Reply::Hang, Reply::Reset]
        .map(Manner::SpoilEnd)
        .into_iter()
        .enumerate()
        .map(|(number, manner)| ("CALL-09", number, manner));
    let redirect = ("CALL-12", 0, Manner::Redirect);
    let all = spoilt.chain([redirect]);
    let wanted = all.filter(|(line, ..)| stage.lines.contains(*line));
    join_all(wanted.map(|(line, number, manner)| async move {
        let address = Address::Own(manner.clone(), "");
        let started = stage
            .start(stage.name(line, number), stage.short(), address)
            .await;
        let Some(place) = started.place.as_ref().filter(|_| started.is_taken()) else {
            return;
        };
        let is_done = || {
            let receipts = place.receipts();
            let is_spoilt = |r: &Reply| match &manner {
                Manner::SpoilEnd(reply) => r == reply,
                _ => matches!(r, Reply::Redirect(..)),
            };
            let first = receipts.iter().position(|r| is_spoilt(&r.reply));
            first.is_some_and(|at| receipts[at + 1..].iter().any(|r| !is_spoilt(&r.reply)))
        };
        let waiting = async {
            while !is_done() {
                place.more_than(place.receipts().len()).await;
            }
        };
        // A sender may be slow to give up, and slow to try again: each may take as long as a download.
        let _ = tokio::time::timeout(2 * stage.completion(), waiting).await;
        if line == "CALL-12" {
            tokio::time::sleep(QUIET / 2).await;
        }
    }))
    .await;
}

/// A download whose receiver is slow, and beside it one whose receiver is not.
pub(super) async fn slow(stage: &Stage<'_>) {
    let _hold = stage.slow.hold();
    stage.calm.over().await;
    let name = |number| stage.name("CALL-11", number);
    let address = Address::Own(Manner::Slow(SLOW), "");
    let slow = stage.start(name(0), stage.short(), address).await;
    Follower::new(stage, &slow).until_called().await;
    let address = Address::Own(Manner::Take, "");
    let fast = stage.start(name(1), stage.short(), address).await;
    Follower::new(stage, &fast).keep(Duration::ZERO).await;
}
