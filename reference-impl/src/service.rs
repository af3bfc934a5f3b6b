//! The two operations over HTTP, from route to answer.
//!
//! One request, top to bottom: admitted → media type → body read into a type → recording located →
//! job started or read → answered.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, header};
use axum::middleware;
use axum::response::Response;
use axum::routing::post;
use bytes::Bytes;

use crate::admit::admit;
use crate::answer::{self, DownloadData, ProgressData};
use crate::config::Config;
use crate::job::transfer_time;
use crate::rejection::{Rejection, RejectionStatus};
use crate::request::{DownloadRequest, read_progress_query};
use crate::source::RecordingSource;
use crate::store::JobStore;

/// Path of the download operation.
pub const DOWNLOAD_PATH: &str = "/api/smsload/playback/v1/download";

/// Path of the progress query.
pub const PROGRESS_PATH: &str = "/api/smsload/playback/v1/queryDownloadProgress";

/// What the handlers share.
struct Service {
    source: Arc<dyn RecordingSource>,
    jobs: JobStore,
    speed: NonZeroU32,
    rejection_status: RejectionStatus,
    max_json_depth: usize,
}

/// The routes, in front of `source`.
pub(crate) fn router(config: &Config, source: Arc<dyn RecordingSource>) -> Router {
    let domain = config.sip_domain.clone();
    let service = Service {
        source,
        jobs: JobStore::new(domain, config.jobs.capacity.get(), config.jobs.keep),
        speed: config.jobs.speed,
        rejection_status: config.rejection_status,
        max_json_depth: config.limits.max_json_depth,
    };
    Router::new()
        .route(DOWNLOAD_PATH, post(download))
        .route(PROGRESS_PATH, post(progress))
        .fallback(async || answer::refused(Rejection::NoSuchPath))
        .method_not_allowed_fallback(async || answer::method_not_allowed())
        .with_state(Arc::new(service))
        .layer(middleware::from_fn_with_state(
            Arc::new(config.limits.clone()),
            admit,
        ))
        // `admit` has its own limit.
        .layer(DefaultBodyLimit::disable())
}

async fn download(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match service.start_download(&headers, &body).await {
        Ok(data) => answer::accepted(data),
        Err(rejection) => answer::rejected(rejection, service.rejection_status),
    }
}

async fn progress(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match service.read_progress(&headers, &body) {
        Ok(data) => answer::accepted(data),
        Err(rejection) => answer::rejected(rejection, service.rejection_status),
    }
}

impl Service {
    async fn start_download(
        &self,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<DownloadData, Rejection> {
        require_json(headers)?;
        let request = DownloadRequest::read(body, self.max_json_depth)?;
        let recording = self
            .source
            .locate(&request.device, &request.channel, request.window)
            .await
            .inspect_err(|error| tracing::info!(%error, "nothing to download"))?;
        let transfer = transfer_time(&recording, self.speed);
        let job = self
            .jobs
            .start(&recording, transfer, Instant::now())
            .map_err(|_full| Rejection::Overload)?;
        tracing::info!(
            stream_id = %job.id,
            start = %request.window.start(),
            end = %request.window.end(),
            seconds = recording.seconds(),
            bytes = recording.bytes,
            callback_ignored = request.callback.is_some(),
            "download started"
        );
        Ok(DownloadData {
            stream_id: job.id.to_string(),
            playback_duration: recording.seconds(),
            playback_file_size: recording.bytes.unwrap_or(0).to_string(),
        })
    }

    fn read_progress(&self, headers: &HeaderMap, body: &[u8]) -> Result<ProgressData, Rejection> {
        require_json(headers)?;
        let id = read_progress_query(body, self.max_json_depth)?;
        let now = Instant::now();
        let job = self.jobs.find(&id, now).ok_or(Rejection::UnknownStream)?;
        Ok(ProgressData {
            stream_id: job.id.to_string(),
            download_progress: job.progress(now).to_string(),
            // An address that leads to nothing would be a lie; see the crate's documentation.
            file_url: String::new(),
        })
    }
}

/// Requires `Content-Type: application/json`, once; parameters are allowed, a `charset` only if JSON
/// can be in it. Content codings are not decoded, so they are refused too.
fn require_json(headers: &HeaderMap) -> Result<(), Rejection> {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(media_type), None) = (types.next(), types.next()) else {
        return Err(Rejection::MediaType);
    };
    let plain = headers
        .get_all(header::CONTENT_ENCODING)
        .iter()
        .all(|coding| coding == "identity");
    let json = media_type.to_str().is_ok_and(is_json);
    if plain && json {
        Ok(())
    } else {
        Err(Rejection::MediaType)
    }
}

fn is_json(media_type: &str) -> bool {
    let mut parts = media_type.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    essence.eq_ignore_ascii_case("application/json")
        && parts
            .filter_map(|parameter| parameter.split_once('='))
            .all(|(name, value)| {
                let value = value.trim_matches('"');
                !name.eq_ignore_ascii_case("charset")
                    || ["utf-8", "utf8", "us-ascii"]
                        .iter()
                        .any(|set| value.eq_ignore_ascii_case(set))
            })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_in_utf_8_is_json() {
        for good in [
            "application/json",
            "Application/JSON",
            "application/json; charset=utf-8",
            "application/json;charset=\"UTF-8\"",
            "application/json ; profile=x",
            "application/json;",
        ] {
            assert!(is_json(good), "{good}");
        }
        for bad in [
            "",
            "text/json",
            "application/jsonp",
            "application/json5",
            "application/xml",
            "application/json, text/plain",
            "application/json; charset=gbk",
            "json",
            "application/x-www-form-urlencoded",
            "application/problem+json",
            ";application/json",
        ] {
            assert!(!is_json(bad), "{bad}");
        }
    }
}
