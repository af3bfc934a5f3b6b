//! Which target is meant: a file, an address, or the embedded reference.

use std::path::Path;
use std::sync::Arc;

use anyhow::bail;
use smsload_conformance::{BaseUrl, Fixtures, Target};
use smsload_spec::{Contract, Job};

use crate::embedded::Embedded;

/// Names the server where nothing else does; `smsload mock -- COMMAND` sets it.
pub(crate) const URL_VARIABLE: &str = "SMSLOAD_URL";

/// A target file, perhaps at another address.
pub(crate) fn read(file: &Path, url: Option<BaseUrl>) -> anyhow::Result<Target> {
    let mut target = Target::read(file)?;
    if let Some(url) = url {
        target.base_url = url;
    }
    Ok(target)
}

/// The target that is meant; without any, the embedded reference, which must live as long as the run.
pub(crate) async fn choose(
    file: Option<&Path>,
    url: Option<&str>,
    contract: &Arc<Contract>,
) -> anyhow::Result<(Target, Option<Embedded>)> {
    let variable = std::env::var(URL_VARIABLE).ok().filter(|v| !v.is_empty());
    let url = match (file, url) {
        (None, None) => variable.as_deref(),
        _ => url,
    };
    let url = url.map(BaseUrl::parse).transpose()?;
    match (file, url) {
        (Some(file), url) => Ok((read(file, url)?, None)),
        (None, Some(url)) => {
            if !starts_downloads(contract) {
                return Ok((Target::new(url, Fixtures::none()), None));
            }
            // Without a file, the contract's own example must do: a server that simulates knows any device.
            let Some(fixtures) = Fixtures::from_example(contract) else {
                bail!(
                    "the contract has no example request to start from; name device, channel and window with --target"
                );
            };
            Ok((Target::new(url, fixtures), None))
        }
        (None, None) if !starts_downloads(contract) => bail!(
            "the contract starts no download, so the embedded reference cannot be judged by it; name a server: smsload verify URL"
        ),
        (None, None) => {
            let embedded = Embedded::start().await?;
            Ok((embedded.target()?, Some(embedded)))
        }
    }
}

/// True if the contract has what the catalogue is about; other documents are judged by themselves.
fn starts_downloads(contract: &Contract) -> bool {
    contract
        .operations()
        .iter()
        .any(|operation| matches!(operation.job, Some(Job::Starts(_))))
}
