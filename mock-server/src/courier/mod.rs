//! The courier: tells the progress of jobs to the addresses that were given for them, over real HTTP.
//!
//! It knows no contract and no table of jobs. What there is to tell comes from a [`Source`]; what became of each
//! attempt goes to a [`Record`]. All times between deliveries are the mock's ([`Clock`](crate::Clock)): a stopped
//! clock sends nothing, a clock moved by hand sends at once what is due by then. What bounds one exchange with a
//! receiver (the deadline) is real time.
//!
//! The mock has one for each world (see the crate's section on callbacks); it can also be used without one.
//!
//! # Model
//!
//! One task, the scheduler, owns everything: the followed jobs, ordered by when each is due, and one lane for each
//! receiver (`host:port`). No job has a timer or a task of its own. A job that is due waits in its receiver's lane for
//! a place; only when it has one is its source asked. So nothing that is waiting can be out of date, and a newer
//! progress replaces an unsent older one by itself. A job has at most one delivery under way: its order is kept.
//!
//! Lanes take turns. A receiver starts with few places and is given more while it answers quickly; each slow answer
//! halves them, down to one, and all slow receivers together get at most half of all places ([`Settings`]).
//!
//! # What is promised
//!
//! Any 2xx acknowledges. Whatever else comes is tried again ([`Retry`]), with what is then the newest; except 410, which
//! ends the job's callbacks. Redirects are failures. The end counts its own attempts; when they are used up, it is
//! given up, and that is recorded. Each attempt is recorded, in the job's order, before the next one starts.
//!
//! # Limits
//!
//! - At least once, not exactly once: what a receiver took but did not acknowledge in time comes again.
//! - No TLS: an `https` address is accepted, its first attempt fails and says why, and there is no second.
//! - A job costs some 300 bytes, a short address included. Names are resolved by the system, on Tokio's blocking threads; a
//!   resolver that hangs holds one of them for longer than the deadline.
//! - One caller who names many dead receivers of different addresses can take all places until each has been slow
//!   once, and half of them after that.

mod address;
mod client;
mod desk;
mod followed;
mod lanes;
mod pool;
mod record;
mod retry;
mod round;
mod scheduler;
mod settings;
mod source;
mod steps;
#[cfg(test)]
mod tests;

pub use address::{Address, AddressError};
pub use desk::{Courier, FollowError};
pub use pool::Pool;
pub use record::{Answer, Attempt, Failure, Record, Then};
pub use retry::Retry;
pub use settings::{Settings, SettingsError};
pub use source::{Fault, JobKey, Message, Source, Told, Upcoming};
pub use steps::{Steps, Work};
