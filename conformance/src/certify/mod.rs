//! Certification: what a vendor can show to someone who was not there. Three locked runs, whose recordings, verdicts,
//! documents and seeds stand in one file with a signature ([`Bundle`](bundle)); and the check of such a file, which trusts
//! nothing in it but what the key signed, and gives every verdict again from the recordings.
//!
//! ```text
//! declaration ─► certify (three runs) ─► bundle.zip ─► check (signature, digests, seeds, verdicts) ─► Checked
//! ```

mod badge;
mod bundle;
mod check;
mod compare;
mod consistent;
mod declaration;
mod differences;
mod keys;
mod page;
mod predicate;
mod run;
mod seal;
mod seeds;
mod standing;
#[cfg(test)]
mod tests;
mod words;
mod writer;

pub use bundle::{BundleError, Tampering};
pub use check::{CheckError, Checked, Misjudged, check, reports_of};
pub use compare::{Change, Comparison, compare};
pub use declaration::{Declaration, DeclarationError};
pub use keys::{KeyError, PublicKey, SecretKey};
pub use page::certificate;
pub use predicate::{Binary, Chosen, Clock, Predicate, Seeded};
pub use run::{CERTIFIED_CASES, Certification, Certified, CertifyError, Progress};
pub use seal::SealError;
pub use seeds::ChallengeError;
pub use standing::{Grade, Remark, Standing};
pub use words::{checked_text, comparison_text, seeded_text, standing_text};
