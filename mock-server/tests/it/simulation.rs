//! What the simulated devices recorded, seen from outside.

use std::time::Duration;

use crate::support::{Api, valid};

#[tokio::test]
async fn only_what_is_past_in_shanghai_is_recorded() {
    let api = Api::start().await;
    let window = |start: &str, end: &str| {
        let mut body = valid();
        body["start_time"] = start.into();
        body["end_time"] = end.into();
        body
    };
    // The clock stands at midnight of June 1 in Shanghai, 16:00 of May 31 in UTC.
    let partly = window("2025-05-31T23:59:00", "2025-06-01T00:01:00");
    assert_eq!(
        api.download(&partly).await.accepted()["playback_duration"],
        "60"
    );
    let future = window("2025-06-01T00:00:00", "2025-06-01T01:00:00");
    let message = api.download(&future).await.rejected(200, "40403");
    assert!(
        message.contains("start_time") && message.contains("end_time"),
        "{message}"
    );
    let ancient = window("1999-01-01T00:00:00", "1999-01-02T00:00:00");
    api.download(&ancient).await.rejected(200, "40403");
    api.clock.advance(Duration::from_secs(1800));
    assert_eq!(
        api.download(&future).await.accepted()["playback_duration"],
        "1800"
    );
    let decades = window("1990-01-01T00:00:00", "9999-12-31T23:59:59");
    api.download(&decades).await.accepted();
}
