//! The two operations and the files over HTTP, from route to answer.
//!
//! One request, top to bottom: admitted → who asks → media type → body read into a type → callback
//! judged → recording located → job written down or read → answered.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, Method, header};
use axum::middleware;
use axum::response::Response;
use axum::routing::{get, post};
use bytes::Bytes;
use tokio::time::timeout;

use crate::access::Access;
use crate::admit::admit;
use crate::answer::{self, DownloadData, ProgressData};
use crate::callback::{CallbackAddress, Reach, Refusal};
use crate::clock::Clock;
use crate::fetch::Cards;
use crate::files::FileStore;
use crate::job::{FileKey, State as JobState};
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::public_url::{FILES_PATH, PublicUrl};
use crate::rejection::{Rejection, RejectionStatus};
use crate::request::{DownloadRequest, read_progress_query};
use crate::settings::Files;
use crate::source::{Recording, RecordingSource};
use crate::stop::Stop;
use crate::store::{JobStore, NewJob};

/// Path of the download operation.
pub const DOWNLOAD_PATH: &str = "/api/smsload/playback/v1/download";

/// Path of the progress query.
pub const PROGRESS_PATH: &str = "/api/smsload/playback/v1/queryDownloadProgress";

/// How long the name in a callback address is looked up before the request is answered without
/// knowing: an unreachable receiver delays nobody, and it is judged again when it is called.
const LOOK_UP: Duration = Duration::from_millis(300);

/// How long a source may take to say what it has.
const LOCATE: Duration = Duration::from_secs(8);

/// What the handlers share.
pub(crate) struct Service {
    pub(crate) source: Arc<dyn RecordingSource>,
    pub(crate) store: Arc<dyn JobStore>,
    pub(crate) files: Arc<dyn FileStore>,
    pub(crate) access: Access,
    pub(crate) reach: Reach,
    pub(crate) clock: Clock,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) public_url: PublicUrl,
    pub(crate) file_settings: Files,
    pub(crate) cards: Cards,
    pub(crate) rejection_status: RejectionStatus,
    pub(crate) max_json_depth: usize,
    pub(crate) stop: Stop,
}

/// The routes of the contract and of files.
pub(crate) fn routes(service: Arc<Service>) -> Router {
    let file_path = format!("{FILES_PATH}{{name}}");
    Router::new()
        .route(DOWNLOAD_PATH, post(download).fallback(not_allowed("POST")))
        .route(PROGRESS_PATH, post(progress).fallback(not_allowed("POST")))
        .route(&file_path, get(file).fallback(not_allowed("GET, HEAD")))
        .with_state(service)
}

/// `routes` behind what every request passes.
pub(crate) fn guarded(routes: Router, limits: &Limits) -> Router {
    routes
        .fallback(async || answer::refused(&Rejection::NoSuchPath))
        .layer(middleware::from_fn_with_state(
            Arc::new(limits.clone()),
            admit,
        ))
        // `admit` has its own limit.
        .layer(DefaultBodyLimit::disable())
}

fn not_allowed(
    allowed: &'static str,
) -> impl Fn() -> std::future::Ready<Response> + Clone + Send + Sync + 'static {
    move || std::future::ready(answer::method_not_allowed(allowed))
}

async fn download(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match service.start_download(&headers, &body).await {
        Ok(data) => {
            service.metrics.accepted();
            answer::accepted(data)
        }
        Err(rejection) => service.rejected(&rejection),
    }
}

async fn progress(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match service.read_progress(&headers, &body).await {
        Ok(data) => answer::accepted(data),
        Err(rejection) => service.rejected(&rejection),
    }
}

async fn file(
    State(service): State<Arc<Service>>,
    Path(name): Path<String>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    match service.fetch(&name, &method, &headers).await {
        Ok(response) => response,
        Err(rejection) => answer::refused(&rejection),
    }
}

impl Service {
    fn rejected(&self, rejection: &Rejection) -> Response {
        self.metrics.rejected(rejection.code());
        answer::rejected(rejection, self.rejection_status)
    }

    async fn start_download(
        &self,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<DownloadData, Rejection> {
        let tenant = self.access.admit(headers)?;
        require_json(headers)?;
        let request = DownloadRequest::read(body, self.max_json_depth)?;
        if self.stop.is_said() {
            return Err(Rejection::Stopping);
        }
        if let Some(callback) = &request.callback {
            self.judge(callback).await?;
        }
        let recording = self.locate(&request).await?;
        let file = FileKey::random().map_err(|error| {
            tracing::error!(%error, "the system gives no random numbers");
            Rejection::StoreUnavailable
        })?;
        let callback = request.callback.as_ref();
        let job = self.store.create(NewJob {
            tenant,
            recording,
            file,
            callback: callback.map(|to| (to.as_str().to_owned(), to.authority().to_owned())),
            now: self.clock.now(),
        });
        let job = job.await?;
        tracing::info!(
            stream_id = %job.id,
            tenant = %job.tenant,
            start = %request.window.start(),
            end = %request.window.end(),
            seconds = job.recording.seconds(),
            bytes = job.recording.bytes,
            receiver = callback.map(CallbackAddress::authority),
            "download accepted"
        );
        Ok(DownloadData {
            stream_id: job.id.to_string(),
            playback_duration: job.recording.seconds(),
            playback_file_size: job.recording.bytes.unwrap_or(0).to_string(),
        })
    }

    /// Refuses a callback that leads where nothing is called, as far as that can be told at once.
    async fn judge(&self, callback: &CallbackAddress) -> Result<(), Rejection> {
        match timeout(LOOK_UP, self.reach.judge(callback)).await {
            Ok(Err(Refusal::Unresolved(_)) | Ok(_)) | Err(_) => Ok(()),
            Ok(Err(refusal)) => {
                tracing::info!(reason = %refusal, "a callback address is refused");
                Err(Rejection::CallbackForbidden)
            }
        }
    }

    async fn locate(&self, request: &DownloadRequest) -> Result<Recording, Rejection> {
        let source = &self.source;
        let located = source.locate(&request.device, &request.channel, request.window);
        match timeout(LOCATE, located).await {
            Ok(Ok(recording)) => Ok(recording),
            Ok(Err(error)) => {
                tracing::info!(%error, "nothing to download");
                Err(error.into())
            }
            Err(_) => {
                tracing::warn!("the recording source did not answer in time");
                Err(Rejection::SourceUnavailable)
            }
        }
    }

    async fn read_progress(
        &self,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<ProgressData, Rejection> {
        let tenant = self.access.admit(headers)?;
        require_json(headers)?;
        let id = read_progress_query(body, self.max_json_depth)?;
        // One question for both: an id of another tenant is not told from one that nobody has.
        let job = self.store.find(&id, &tenant).await?;
        let job = job.ok_or(Rejection::UnknownStream)?;
        let reason = || job.reason.clone().unwrap_or_default();
        match job.state {
            JobState::Failed => Err(Rejection::Failed(reason())),
            JobState::Cancelled => Err(Rejection::Cancelled(reason())),
            JobState::Queued | JobState::Running | JobState::Finished => Ok(ProgressData {
                stream_id: job.id.to_string(),
                download_progress: job.progress.to_string(),
                file_url: self.file_url(&job),
            }),
        }
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
