//! Which recordings `smsload serve` has, and how more are filed.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use smsload_reference::{Archive, GbCode, LocalDateTime, demo};
use tempfile::TempDir;

/// Recordings, and how they are filed.
#[derive(Debug, Args)]
#[command(next_help_heading = "Recordings")]
pub(crate) struct ArchiveArgs {
    /// A directory of MP4 files, DEVICE/CHANNEL/2025-04-04T21-36-17.mp4 [default: the built-in demo]
    #[arg(long, value_name = "DIR", conflicts_with = "demo")]
    archive: Option<PathBuf>,
    /// Serve the built-in demo: two cameras with an hour of test pictures
    #[arg(long)]
    demo: bool,
    /// File these recordings in the archive, one after the other, instead of serving
    #[arg(long, value_name = "FILE", num_args = 1.., requires_all = ["archive", "device", "channel"])]
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

/// An archive that is served. The demo's goes when this is dropped.
#[derive(Debug)]
pub(crate) struct Recordings {
    pub(crate) archive: Archive,
    _demo: Option<TempDir>,
}

impl ArchiveArgs {
    /// Whether recordings are to be filed, instead of served.
    pub(crate) fn is_import(&self) -> bool {
        !self.import.is_empty()
    }

    /// The recordings to serve: those of the command line, else the `configured` ones, else the demo's.
    pub(crate) fn open(&self, configured: Option<&Path>) -> anyhow::Result<Recordings> {
        match self.archive.as_deref().or(configured) {
            Some(directory) if !self.demo => {
                if !directory.is_dir() {
                    bail!("the archive {} is not a directory", directory.display());
                }
                Ok(Recordings {
                    archive: Archive::new(directory),
                    _demo: None,
                })
            }
            _ => Recordings::demo(),
        }
    }

    /// Files recordings: all of them are checked before the first is copied.
    pub(crate) fn import(&self) -> anyhow::Result<()> {
        let (Some(directory), Some(device), Some(channel)) =
            (&self.archive, &self.device, &self.channel)
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

impl Recordings {
    /// The built-in demo, in a directory that goes with it.
    pub(crate) fn demo() -> anyhow::Result<Self> {
        let directory = TempDir::with_prefix("smsload-demo-")
            .context("cannot make a directory for the demo")?;
        demo::write_archive(directory.path())
            .with_context(|| format!("cannot write the demo to {}", directory.path().display()))?;
        Ok(Self {
            archive: Archive::new(directory.path()),
            _demo: Some(directory),
        })
    }
}
