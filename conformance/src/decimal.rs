//! Plain decimal numbers as the contract writes durations and sizes: digits, perhaps with a fraction; compared exactly,
//! whatever their length.

use std::cmp::Ordering;

/// A plain decimal number: `10`, `10.04`. No sign, exponent, separator or white space.
#[derive(Debug, Clone)]
pub struct Decimal {
    /// Without leading zeros; empty for 0.
    whole: String,
    /// Without trailing zeros.
    fraction: String,
}

impl Decimal {
    /// Reads a text; nothing if it is no plain decimal number.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (whole, fraction) = match text.split_once('.') {
            Some((_, "")) => return None,
            Some(parts) => parts,
            None => (text, ""),
        };
        let is_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        (!whole.is_empty() && is_digits(whole) && is_digits(fraction)).then(|| Self {
            whole: whole.trim_start_matches('0').to_owned(),
            fraction: fraction.trim_end_matches('0').to_owned(),
        })
    }

    /// True for 0, however it is written.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.whole.is_empty() && self.fraction.is_empty()
    }
}

impl From<u32> for Decimal {
    fn from(number: u32) -> Self {
        let whole = if number == 0 {
            String::new()
        } else {
            number.to_string()
        };
        Self {
            whole,
            fraction: String::new(),
        }
    }
}

impl std::fmt::Display for Decimal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.whole.is_empty() {
            "0"
        } else {
            &self.whole
        })?;
        if self.fraction.is_empty() {
            Ok(())
        } else {
            write!(f, ".{}", self.fraction)
        }
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        // Without leading zeros the longer one is the greater; fractions compare digit by digit.
        (self.whole.len(), &self.whole, &self.fraction).cmp(&(
            other.whole.len(),
            &other.whole,
            &other.fraction,
        ))
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Decimal {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Decimal;

    #[test]
    fn reads_plain_decimals_only() {
        for good in [
            "0",
            "10",
            "0010",
            "10.5",
            "9.960",
            "99999999999999999999999999",
        ] {
            assert!(Decimal::parse(good).is_some(), "{good}");
        }
        for bad in [
            "", " 1", "1 ", "+1", "-1", "1e3", "1,000", "10s", ".5", "5.", "1.2.3", "１", "NaN",
            "0x1",
        ] {
            assert!(Decimal::parse(bad).is_none(), "{bad}");
        }
        assert!(Decimal::parse("00.000").unwrap().is_zero());
        assert_eq!(Decimal::parse("10.0"), Some(Decimal::from(10)));
    }

    proptest! {
        #[test]
        fn compares_like_numbers(a in 0_u64..1_000_000, b in 0_u64..1_000_000) {
            let text = |n: u64| format!("{}.{:03}", n / 1000, n % 1000);
            let (x, y) = (Decimal::parse(&text(a)).unwrap(), Decimal::parse(&text(b)).unwrap());
            prop_assert_eq!(x.cmp(&y), a.cmp(&b));
        }
    }
}
