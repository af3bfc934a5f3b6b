//! The load: downloads are asked for, and their progress.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::Duration;

use reqwest::Client;
use serde_json::{Value, json};
use smsload_reference::{DOWNLOAD_PATH, PROGRESS_PATH};

use crate::Dice;
use crate::history::History;
use crate::{receiver, source};

pub(crate) const DEVICE: &str = "34020000001110000228";
pub(crate) const CHANNEL: &str = "34020000001320000666";

pub(crate) struct Load {
    history: Arc<History>,
    receiver: u16,
    next: AtomicU32,
}

pub(crate) fn client() -> Client {
    let client = Client::builder()
        .no_proxy()
        .timeout(Duration::from_secs(10));
    client.build().unwrap()
}

/// Posts; `None` if the server is gone.
pub(crate) async fn post(client: &Client, url: String, body: &Value) -> Option<Value> {
    let response = client.post(url).json(body).send().await.ok()?;
    response.json().await.ok()
}

/// How far a download is: percent, and where its file is; or the code of its failure.
pub(crate) async fn progress(
    client: &Client,
    server: SocketAddr,
    id: &str,
) -> Option<Result<(u8, String), String>> {
    let url = format!("http://{server}{PROGRESS_PATH}");
    let answer = post(client, url, &json!({ "stream_id": id })).await?;
    let data = &answer["data"];
    match answer["code"].as_str()? {
        "0" => {
            let percent = data["download_progress"].as_str()?.parse().ok()?;
            Some(Ok((percent, data["file_url"].as_str()?.to_owned())))
        }
        code => Some(Err(code.to_owned())),
    }
}

impl Load {
    pub(crate) fn new(history: Arc<History>, receiver: u16) -> Self {
        Self {
            history,
            receiver,
            next: AtomicU32::new(0),
        }
    }

    /// Asks for `most` downloads, four at once, and for the progress of some; then only for progress.
    pub(crate) async fn work(&self, server: SocketAddr, most: u32, life: u32) {
        let client = client();
        let left = AtomicU32::new(most);
        let worker = |seed: u64| self.worker(&client, server, &left, Dice(seed));
        let life = u64::from(life) << 8;
        tokio::join!(
            worker(life),
            worker(life + 1),
            worker(life + 2),
            worker(life + 3)
        );
    }

    async fn worker(&self, client: &Client, server: SocketAddr, left: &AtomicU32, mut dice: Dice) {
        loop {
            let may = left.try_update(SeqCst, SeqCst, |left| left.checked_sub(1));
            if may.is_ok() {
                self.ask(client, server).await;
            }
            let some = self.some(&mut dice);
            for (number, id) in some {
                let before = self.history.told_so_far(number);
                if let Some(Ok((percent, _))) = progress(client, server, &id).await {
                    self.history.told(number, before, percent);
                }
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    async fn ask(&self, client: &Client, server: SocketAddr) {
        let number = self.next.fetch_add(1, SeqCst);
        let (start, end) = source::window(number);
        let callback = format!(
            "http://127.0.0.1:{}{}",
            self.receiver,
            receiver::path(number)
        );
        let body = json!({
            "device_unicode": DEVICE, "source_type": "3", "channel": CHANNEL,
            "start_time": start, "end_time": end, "callback": callback,
        });
        let url = format!("http://{server}{DOWNLOAD_PATH}");
        // Without an answer nobody knows whether it was accepted: both are right.
        if let Some(answer) = post(client, url, &body).await
            && answer["code"] == "0"
        {
            let id = answer["data"]["stream_id"].as_str().unwrap();
            self.history.accept(number, id.to_owned());
        }
    }

    /// A few of the newest downloads.
    fn some(&self, dice: &mut Dice) -> Vec<(u32, String)> {
        let accepted = self.history.accepted();
        let newest = accepted.iter().rev().take(40);
        newest
            .filter(|_| dice.below(10) == 0)
            .map(|(number, accepted)| (*number, accepted.id.clone()))
            .collect()
    }
}
