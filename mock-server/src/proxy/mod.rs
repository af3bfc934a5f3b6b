//! A proxy that judges what passes: every request is forwarded to an upstream server, and both directions are held
//! against a contract.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use smsload_mock::proxy::Proxy;
//!
//! let proxy = Proxy::builder("http://127.0.0.1:8080".parse()?).start().await?;
//! println!("clients speak to {}", proxy.url());
//! // …
//! for breach in proxy.violations().list() {
//!     println!("{breach}");
//! }
//! proxy.traffic().save_har("traffic.har".as_ref())?;
//! proxy.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! # What is forwarded
//!
//! Method, path and query byte for byte, the body, and all headers but those that concern one connection only (RFC 9110
//! §7.6.1). `Host` becomes the upstream's, `Via` is added, and `Accept-Encoding` becomes `identity`, since what is
//! compressed cannot be judged. Redirects are passed on, not followed; addresses in bodies are not rewritten, so that a
//! client that follows one leaves the proxy. An answer's body is read whole only if it is JSON of at most
//! [`ProxyLimits::max_judged`] bytes; everything else (files) flows through as it comes, and only its status and headers
//! are judged. Upstreams speak HTTP/1 without TLS.
//!
//! # What is answered otherwise
//!
//! An upstream that cannot be reached or answers no HTTP is 502, one that is too slow is 504, both in the contract's
//! form and naming the upstream. With [`ProxyBuilder::enforce`] a request that breaks the contract is refused with the
//! status of its error and not forwarded, and an answer that breaks it is replaced by 502 naming what is wrong.

mod exchange;
mod forward;
mod har;
mod headers;
mod judge;
mod passing;
mod server;
mod service;
mod upstream;

pub use exchange::{Content, Ending, Exchange, Exchanges, Message};
pub use har::HarError;
pub use server::{Proxy, ProxyBuilder, ProxyLimits};
pub use upstream::{Upstream, UpstreamError};
