//! `smsload serve jobs`: what an operator sees of the jobs, and how one is cancelled.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use comfy_table::{Table, presets};
use smsload_reference::{Administrator, Config, Job, StreamId};

use crate::exit::{self, Exit};

#[derive(Debug, Subcommand)]
pub(crate) enum JobsArgs {
    /// List all jobs that are kept, in order of acceptance
    List {
        #[command(flatten)]
        folder: Folder,
    },
    /// Cancel a job that has not ended; a running server stops its transfer
    Cancel {
        #[command(flatten)]
        folder: Folder,
        /// Its stream_id
        #[arg(value_name = "ID")]
        id: StreamId,
    },
}

/// Which data folder is meant.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Folder {
    /// The folder that the server has as --data-dir
    #[arg(long, value_name = "DIR", env = "SMSLOAD__DATA_DIR")]
    data_dir: Option<PathBuf>,
    /// The server's configuration, which names it
    #[arg(long, value_name = "FILE", env = "SMSLOAD_CONFIG")]
    config: Option<PathBuf>,
}

impl Folder {
    fn open(&self) -> anyhow::Result<Administrator> {
        let folder = match (&self.data_dir, &self.config) {
            (Some(folder), _) => folder.clone(),
            (None, Some(config)) => of_config(config)?,
            (None, None) => bail!("give the data folder with --data-dir"),
        };
        Ok(Administrator::open(&folder)?)
    }
}

fn of_config(path: &Path) -> anyhow::Result<PathBuf> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let config =
        Config::from_toml(&text).with_context(|| format!("{} is not right", path.display()))?;
    let none = || {
        format!(
            "{} has no data_dir; give it with --data-dir",
            path.display()
        )
    };
    config.data_dir.with_context(none)
}

pub(crate) fn run(args: JobsArgs) -> anyhow::Result<Exit> {
    match args {
        JobsArgs::List { folder } => {
            println!("{}", table(&folder.open()?.list()?));
        }
        JobsArgs::Cancel { folder, id } => {
            if !folder.open()?.cancel(&id)? {
                eprintln!("smsload: no job with the id {id} is waiting or running");
                return Ok(exit::FAILED);
            }
            println!("cancelled {id}");
        }
    }
    Ok(exit::OK)
}

fn table(jobs: &[Job]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header([
        "ID", "TENANT", "STATE", "PERCENT", "BYTES", "REASON", "CALLBACK",
    ]);
    for job in jobs {
        table.add_row([
            job.id.to_string(),
            job.tenant.to_string(),
            job.state.name().to_owned(),
            job.progress.to_string(),
            job.written.to_string(),
            job.reason.clone().unwrap_or_default(),
            callback(job),
        ]);
    }
    table
}

/// What became of a job's callbacks. The address is not shown: its query may hold a secret.
fn callback(job: &Job) -> String {
    match (&job.callback, &job.callback_closed) {
        (None, _) => String::new(),
        (Some(_), None) => "yes".to_owned(),
        (Some(_), Some(why)) => why.clone(),
    }
}
