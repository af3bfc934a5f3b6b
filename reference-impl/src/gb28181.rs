//! Identity numbers of GB/T 28181: device codes, the SIP domain, SSRCs.
//!
//! The page names the standard through `source_type` 3; the shape of the numbers is the standard's
//! (GB/T 28181-2022 annex E for codes, annex C for the SSRC), seen again in the page's example of a
//! `stream_id`.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The code of a device or of a channel: exactly 20 decimal digits.
///
/// 8 digits centre, 2 industry, 3 type, 1 network, 6 serial; only the length and the digits are
/// checked, since sites use types of their own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct GbCode(Arc<str>);

/// A text is no number of the fixed length that GB/T 28181 asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be exactly {digits} decimal digits")]
pub struct GbError {
    digits: usize,
}

/// Whether `text` is made of exactly `digits` ASCII digits.
fn digits_only(text: &str, digits: usize) -> Result<(), GbError> {
    let fits = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    if fits {
        Ok(())
    } else {
        Err(GbError { digits })
    }
}

impl FromStr for GbCode {
    type Err = GbError;

    fn from_str(text: &str) -> Result<Self, GbError> {
        digits_only(text, 20).map(|()| Self(text.into()))
    }
}

impl TryFrom<String> for GbCode {
    type Error = GbError;

    fn try_from(text: String) -> Result<Self, GbError> {
        text.parse()
    }
}

impl GbCode {
    /// The 20 digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for GbCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The SIP domain of the platform: exactly 10 decimal digits, for example `3402000000`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct SipDomain {
    /// Digits 4 to 8, which an SSRC carries.
    area: u32,
}

impl FromStr for SipDomain {
    type Err = GbError;

    fn from_str(text: &str) -> Result<Self, GbError> {
        digits_only(text, 10)?;
        let area = text[3..8]
            .bytes()
            .fold(0, |number, byte| number * 10 + u32::from(byte - b'0'));
        Ok(Self { area })
    }
}

impl TryFrom<String> for SipDomain {
    type Error = GbError;

    fn try_from(text: String) -> Result<Self, GbError> {
        text.parse()
    }
}

/// The last four digits of an SSRC, 0 to 9999: what tells apart the streams of one domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Serial(u16);

impl Serial {
    /// How many serials there are, and so how many streams of a domain can exist at once.
    pub const COUNT: u16 = 10_000;

    /// The serial 0.
    pub(crate) const FIRST: Self = Self(0);

    /// 0 to 9999.
    pub(crate) fn number(self) -> u16 {
        self.0
    }

    /// The serial with a number that was stored; a larger one is taken modulo 10,000.
    pub(crate) fn from_number(number: u16) -> Self {
        Self(number % Self::COUNT)
    }

    /// The serial after this one; 0 follows 9999.
    #[must_use]
    pub(crate) fn next(self) -> Self {
        Self((self.0 + 1) % Self::COUNT)
    }
}

/// The SSRC of a recorded stream: 10 decimal digits, the first of them `1` for history, then digits
/// 4 to 8 of the SIP domain, then the serial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ssrc {
    area: u32,
    serial: Serial,
}

impl Ssrc {
    /// The SSRC of a recorded stream of `domain`.
    #[must_use]
    pub fn history(domain: &SipDomain, serial: Serial) -> Self {
        Self {
            area: domain.area,
            serial,
        }
    }

    /// The last four digits.
    #[must_use]
    pub fn serial(&self) -> Serial {
        self.serial
    }
}

impl fmt::Display for Ssrc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1{:05}{:04}", self.area, self.serial.0)
    }
}

impl FromStr for Ssrc {
    type Err = GbError;

    /// Reads the SSRC of a recorded stream; one of a live stream (first digit 0) is refused.
    fn from_str(text: &str) -> Result<Self, GbError> {
        let error = GbError { digits: 10 };
        digits_only(text, 10)?;
        let rest = text.strip_prefix('1').ok_or(error)?;
        let area = rest[..5].parse().map_err(|_| error)?;
        let serial = rest[5..].parse().map_err(|_| error)?;
        Ok(Self {
            area,
            serial: Serial(serial),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pages_example_is_a_history_ssrc_of_its_domain() {
        let domain: SipDomain = "3402000000".parse().unwrap();
        let ssrc = Ssrc::history(&domain, Serial(79));
        assert_eq!(ssrc.to_string(), "1200000079");
        assert_eq!("1200000079".parse(), Ok(ssrc));
    }

    #[test]
    fn a_live_ssrc_and_other_lengths_are_refused() {
        for text in [
            "0200000079",
            "120000007",
            "12000000790",
            "12000000x9",
            "1２000007",
        ] {
            assert!(text.parse::<Ssrc>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn codes_have_twenty_ascii_digits() {
        assert!("34020000001110000228".parse::<GbCode>().is_ok());
        for text in [
            "",
            "3402000000111000022",
            "340200000011100002280",
            "3402000000111000022x",
        ] {
            assert!(text.parse::<GbCode>().is_err(), "{text:?}");
        }
        assert!("３4020000001110022".parse::<GbCode>().is_err());
    }

    #[test]
    fn serials_come_round() {
        assert_eq!(Serial(9998).next(), Serial(9999));
        assert_eq!(Serial(9999).next(), Serial::FIRST);
    }
}
