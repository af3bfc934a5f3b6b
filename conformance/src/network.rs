//! Networks of a target file, in CIDR notation: `127.0.0.1`, `10.0.0.0/8`, `fd00::/8`.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// A network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Network {
    address: IpAddr,
    /// Bits that count.
    prefix: u32,
}

impl Network {
    /// True if an address is one of it.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let cut = |bits: u128, width: u32| bits.checked_shr(width - self.prefix).unwrap_or(0);
        match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                cut(u32::from(own).into(), 32) == cut(u32::from(other).into(), 32)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => cut(own.into(), 128) == cut(other.into(), 128),
            _ => false,
        }
    }
}

impl From<Network> for String {
    fn from(network: Network) -> Self {
        format!("{}/{}", network.address, network.prefix)
    }
}

impl TryFrom<String> for Network {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || {
            format!("\"{text}\" is no network; write ADDRESS or ADDRESS/BITS, such as 127.0.0.1/32")
        };
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text.as_str(), None),
        };
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            Some(bits) => bits
                .parse()
                .ok()
                .filter(|b| *b <= width)
                .ok_or_else(wrong)?,
            None => width,
        };
        Ok(Self { address, prefix })
    }
}

#[cfg(test)]
mod tests {
    use super::Network;

    #[test]
    fn knows_what_lies_within() {
        let network = |text: &str| Network::try_from(text.to_owned());
        let within =
            |net: &str, address: &str| network(net).unwrap().contains(address.parse().unwrap());
        assert!(within("127.0.0.0/8", "127.9.9.9") && !within("127.0.0.0/8", "128.0.0.1"));
        assert!(within("::1", "::1") && !within("::1", "::2") && within("0.0.0.0/0", "8.8.8.8"));
        assert!(!within("0.0.0.0/0", "::1") && within("fe80::/10", "fe81::1"));
        for bad in ["", "127.0.0.1/33", "x", "1.2.3.4/-1"] {
            assert!(network(bad).is_err(), "{bad}");
        }
    }
}
