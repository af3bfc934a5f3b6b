//! Callbacks: where they may go, how one is sent, and when the next one is.

mod address;
mod client;
mod courier;
mod lanes;
mod message;
mod reach;
mod schedule;
mod tls;

pub(crate) use address::CallbackAddress;
pub(crate) use client::Client;
pub(crate) use courier::{Courier, CourierSettings};
pub(crate) use lanes::Places;
pub(crate) use message::Signer;
pub(crate) use reach::SystemResolver;
pub(crate) use reach::{Reach, Refusal};
pub use reach::{Resolver, Resolving};
pub(crate) use schedule::Schedule;
pub(crate) use tls::Tls;
