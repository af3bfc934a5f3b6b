//! Kills the server at random instants under load, starts it again, and looks at what became of every
//! download that it had accepted.
//!
//! ```text
//! cargo test -p smsload-reference --test crash                              50 kills
//! cargo test -p smsload-reference --test crash -- --kills 1000 --seed 7     outside of the tests
//! cargo test -p smsload-reference --test crash -- --data-dir /mnt/small --full
//!                                      the same on a file system that is too small for all files
//! ```
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod history;
mod load;
mod receiver;
mod server;
mod source;
mod verdict;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use self::history::History;
use self::load::Load;
use self::receiver::Receiver;
use self::server::Server;

/// What is asked for on the command line.
#[derive(Debug)]
struct Options {
    kills: u32,
    seed: u64,
    data_dir: Option<PathBuf>,
    /// The disk may be full: downloads may fail with that reason, and requests may be refused.
    full: bool,
}

/// How many downloads a run may have: fewer than there are serials.
const MOST: u32 = 9_000;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(place) = arguments.iter().position(|argument| argument == "serve") {
        return server::serve(&arguments[place + 1]);
    }
    let Some(options) = options(&arguments) else {
        return;
    };
    runtime().block_on(run(options));
}

fn runtime() -> tokio::runtime::Runtime {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.worker_threads(2).enable_all().build().unwrap()
}

/// `None` if a filter of `cargo test` means other tests.
fn options(arguments: &[String]) -> Option<Options> {
    let mut options = Options {
        kills: 50,
        seed: 1,
        data_dir: None,
        full: false,
    };
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().expect("a value");
        match argument.as_str() {
            "--kills" => options.kills = value().parse().expect("a number of kills"),
            "--seed" => options.seed = value().parse().expect("a seed"),
            "--data-dir" => options.data_dir = Some(value().into()),
            "--full" => options.full = true,
            "--list" | "--ignored" => return None,
            filter if !filter.starts_with('-') && !"crash".contains(filter) => return None,
            _ => {}
        }
    }
    Some(options)
}

/// Small, and the same for the same seed.
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb) % most.max(1)
    }
}

async fn run(options: Options) {
    println!("seed {}, {} kills", options.seed, options.kills);
    let temporary = tempfile::tempdir().unwrap();
    let folder = options.data_dir.clone();
    let folder = folder.unwrap_or_else(|| temporary.path().join("data"));
    let started = Instant::now();
    let history = Arc::new(History::default());
    let receiver = Receiver::start(history.clone()).await;
    let mut dice = Dice(options.seed);
    let each = MOST / (options.kills + 1);
    let load = Load::new(history.clone(), receiver.port());
    for life in 0..options.kills {
        let server = Server::start(&folder).await;
        history.new_life();
        let wait = Duration::from_millis(dice.below(300));
        let work = load.work(server.addr(), each.min(60), life);
        // Dropping the work in the middle of its requests is what a crash does to it, too.
        let _ = tokio::time::timeout(wait, work).await;
        server.kill();
    }
    let server = Server::start(&folder).await;
    history.new_life();
    let figures = verdict::settle(&history, server.addr(), &folder, options.full).await;
    server.kill();
    println!("{figures} in {:.0?}", started.elapsed());
    println!("test crash ... ok");
}
