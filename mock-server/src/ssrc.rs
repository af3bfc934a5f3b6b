//! The SSRC of a recording (GB/T 28181-2022, 5.2.3): ten decimal digits, the first 1 for a recording, the next five
//! the digits 4 to 8 of the SIP domain, the last four a serial.

use std::ops::Deref;

/// Serials that there are; so many downloads of one channel can be told apart at once.
pub(crate) const SERIALS: u16 = 10_000;

/// A SIP domain: ten decimal digits. The default is that of the page's example, 3402000000.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SipDomain(String);

/// A text is no SIP domain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no SIP domain of GB/T 28181: give ten digits, such as 3402000000")]
pub struct SipDomainError(String);

impl SipDomain {
    /// Reads a domain.
    ///
    /// # Errors
    /// If it has anything but ten decimal digits.
    pub fn new(text: &str) -> Result<Self, SipDomainError> {
        if text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(SipDomainError(text.to_owned()))
        }
    }

    /// The ten digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The SSRC of a recording with a serial.
    pub(crate) fn ssrc(&self, serial: u16) -> Ssrc {
        let serial = serial % SERIALS;
        let digit = |place: u16| b'0' + u8::try_from(serial / place % 10).unwrap_or(0);
        let mut ssrc = [b'1'; 10];
        ssrc[1..6].copy_from_slice(&self.0.as_bytes()[3..8]);
        ssrc[6..].copy_from_slice(&[1000, 100, 10, 1].map(digit));
        Ssrc(ssrc)
    }
}

/// An SSRC, ten digits, in no memory of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ssrc([u8; 10]);

impl Deref for Ssrc {
    type Target = str;

    fn deref(&self) -> &str {
        // Digits are text.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl Default for SipDomain {
    fn default() -> Self {
        Self("3402000000".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::SipDomain;

    #[test]
    fn the_pages_example_comes_out() {
        assert_eq!(&*SipDomain::default().ssrc(79), "1200000079");
        assert_eq!(&*SipDomain::default().ssrc(1_234), "1200001234");
        assert_eq!(
            &*SipDomain::new("1234567890").unwrap().ssrc(9_999),
            "1456789999"
        );
    }

    #[test]
    fn only_ten_digits_are_a_domain() {
        for bad in [
            "",
            "340200000",
            "34020000000",
            "340200000x",
            "３４０２００００００",
        ] {
            assert!(
                SipDomain::new(bad)
                    .unwrap_err()
                    .to_string()
                    .contains("ten digits"),
                "{bad}"
            );
        }
    }
}
