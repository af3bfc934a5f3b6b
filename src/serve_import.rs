//! `smsload serve --import`: files recordings in an archive. All of them are checked before the first is filed.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Args;
use smsload_reference::{Archive, GbCode, LocalDateTime};

use crate::exit::{self, Exit};

#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// File these recordings in the archive, and end
    #[arg(long, value_name = "FILE", num_args = 1.., requires_all = ["device", "channel"])]
    import: Vec<PathBuf>,
    /// The device that recorded them, 20 digits
    #[arg(long, value_name = "CODE", requires = "import")]
    device: Option<GbCode>,
    /// Its channel, 20 digits
    #[arg(long, value_name = "CODE", requires = "import")]
    channel: Option<GbCode>,
    /// When the first one starts, YYYY-MM-DDTHH:mm:ss, platform-local; each of the others where the one before it ends
    /// [default: each as its name says]
    #[arg(long, value_name = "TIME", requires = "import")]
    start: Option<LocalDateTime>,
}

impl ImportArgs {
    /// True if there is something to file.
    pub(crate) fn is_asked(&self) -> bool {
        !self.import.is_empty()
    }

    /// Files the recordings in `archive`, and says where each one is.
    pub(crate) fn run(&self, archive: Option<PathBuf>) -> anyhow::Result<Exit> {
        let archive =
            archive.context("--import needs an archive; give its folder with --archive")?;
        let (Some(device), Some(channel)) = (&self.device, &self.channel) else {
            bail!("--import needs --device and --channel");
        };
        let archive = Archive::new(archive);
        for import in archive.check_import(device, channel, self.start, &self.import)? {
            let from = import.from().display().to_string();
            println!("{from} is filed as {}", import.file()?.display());
        }
        Ok(exit::OK)
    }
}
