//! What a mock is made of.

use std::sync::Arc;
use std::time::Duration;

use smsload_spec::Contract;

use crate::clock::{Clock, Speed};
use crate::course::Course;
use crate::files::{PublicUrl, Unfinished};
use crate::limits::Limits;
use crate::misbehave::Applied;
use crate::observe::Observe;
use crate::refusal::RejectStatus;
use crate::ssrc::SipDomain;
use crate::world_file::WorldFile;

/// What a mock is made of.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What it does. Default: the bundled contract.
    pub contract: Arc<Contract>,
    /// The time of the default world; shared, so that a test can move it. Clocks of other worlds start as this one
    /// stands when the mock is made. Default: real time.
    pub clock: Arc<Clock>,
    /// Decides the simulation's figures; the same seed gives the same. Default 0.
    pub seed: u64,
    /// The devices that there are, and what they recorded. Default: every device exists, with figures from the seed.
    pub world: Option<Arc<WorldFile>>,
    /// How the progress of every job goes, whatever its device says. Default: as the world says, else evenly.
    pub course: Option<Course>,
    /// The status of rejections. Default: as the contract says.
    pub reject_status: RejectStatus,
    /// The SIP domain that SSRCs are made from. Default 3402000000.
    pub sip_domain: SipDomain,
    /// Whether it has a control interface (`/__mock/`), once it is served. Default: yes.
    pub control: bool,
    /// Names under which the control interface answers, besides addresses, names without a dot, names below reserved
    /// domains, and that of [`Settings::public_url`]. Default: none.
    pub allow_hosts: Vec<String>,
    /// What clients may cost it.
    pub limits: Limits,
    /// Who is told of every answer. Default: nobody.
    pub observer: Option<Arc<dyn Observe>>,
    /// The root of the addresses of files. Default: the address that the server listens on; without a server the
    /// addresses are paths.
    pub public_url: Option<PublicUrl>,
    /// What the address of a file answers before the end of its job. Default: 404.
    pub unfinished: Unfinished,
    /// The one thing that it does wrong on purpose, see [`Settings::misbehave`]. Default: none.
    pub misbehaviour: Option<Applied>,
    /// Percent between two callbacks of a job; 0 is taken as 1, above 100 means the end only. Default 10.
    pub callback_step: u8,
    /// Mock time between two looks at a job that does not go evenly, for its callbacks; at least 1 ms. Default 1 s.
    pub callback_every: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            contract: Contract::bundled(),
            clock: Arc::new(Clock::new(Speed::REAL)),
            seed: 0,
            world: None,
            course: None,
            reject_status: RejectStatus::default(),
            sip_domain: SipDomain::default(),
            control: true,
            allow_hosts: Vec::new(),
            limits: Limits::default(),
            observer: None,
            public_url: None,
            unfinished: Unfinished::default(),
            misbehaviour: None,
            callback_step: 10,
            callback_every: Duration::from_secs(1),
        }
    }
}
