//! `smsload serve --import`: existing recordings are filed in the archive.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use smsload_reference::{Archive, GbCode, LocalDateTime};

/// What is filed, and where.
#[derive(Debug, Args)]
#[command(next_help_heading = "Filing recordings")]
pub(crate) struct ImportArgs {
    /// File these recordings in the archive, one after the other, instead of serving
    #[arg(long, value_name = "FILE", num_args = 1.., requires_all = ["device", "channel"])]
    import: Vec<PathBuf>,
    /// Whose recordings they are: a device code of 20 digits
    #[arg(long, value_name = "CODE", requires = "import")]
    device: Option<GbCode>,
    /// Its channel: a code of 20 digits
    #[arg(long, value_name = "CODE", requires = "import")]
    channel: Option<GbCode>,
    /// When the first one starts, YYYY-MM-DDTHH:mm:ss in Asia/Shanghai [default: as each file's name says]
    #[arg(long, value_name = "TIME", requires = "import")]
    start: Option<LocalDateTime>,
}

impl ImportArgs {
    /// Whether recordings are to be filed, instead of served.
    pub(crate) fn is_asked_for(&self) -> bool {
        !self.import.is_empty()
    }

    /// Files recordings in the archive in `directory`: all of them are checked before the first is copied.
    pub(crate) fn run(&self, directory: Option<&Path>) -> anyhow::Result<()> {
        let (Some(directory), Some(device), Some(channel)) =
            (directory, &self.device, &self.channel)
        else {
            bail!("--import needs --archive, --device and --channel");
        };
        let archive = Archive::new(directory);
        let checked = archive
            .check_import(device, channel, self.start, &self.import)
            .context("nothing was filed")?;
        for import in checked {
            let from = import.from().to_owned();
            let path = import.file()?;
            println!("{} is filed as {}", from.display(), path.display());
        }
        Ok(())
    }
}
