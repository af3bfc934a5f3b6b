//! `--watch`: a contract that is read again when its files change; what is wrong with it goes to standard error.

use std::convert::Infallible;
use std::sync::Arc;

use smsload_mock::Watch;
use smsload_spec::Contract;

use crate::cli::ContractArgs;
use crate::terminal::Terminal;

/// Watches the files that a contract was just read from.
pub(crate) fn start(args: &ContractArgs, contract: &Contract) -> anyhow::Result<Watch> {
    if args.spec.is_none() && args.overlay.is_empty() {
        anyhow::bail!(
            "--watch has nothing to watch: the bundled contract never changes; give --spec FILE or --overlay FILE"
        );
    }
    Ok(Watch::start(args.what(), contract)?)
}

/// Gives every sound change to `use_it`, until the end of days; does nothing if nothing is watched.
pub(crate) async fn follow(
    watch: Option<Watch>,
    terminal: Terminal,
    use_it: impl Fn(&Arc<Contract>),
) -> Infallible {
    let Some(mut watch) = watch else {
        return std::future::pending().await;
    };
    loop {
        match watch.changed().await {
            Ok(contract) => {
                eprint!("{}", contract.warnings().render(terminal.err_colour));
                use_it(&Arc::new(contract));
                eprintln!("smsload: the contract was read again, and is followed from now on");
            }
            Err(problems) => {
                eprint!("{}", problems.render(terminal.err_colour));
                eprintln!(
                    "smsload: the changed contract cannot be used; the last good one is followed on"
                );
            }
        }
    }
}
