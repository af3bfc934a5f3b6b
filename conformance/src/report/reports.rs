//! All reports of a run in one folder: the evidence as it comes, the rest at the end, all of it from one model.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use smsload_spec::Contract;

use super::coverage::Counter;
use super::evidence::Evidence;
use super::html::html;
use super::json::write_json;
use super::junit::write_junit;
use super::make::Counts;
use super::markdown::markdown;
use super::model::Report;
use super::sarif::sarif;
use super::times::Times;
use super::watched::Watching;
use crate::event::{Event, Reporter};
use crate::record::Record;
use crate::result::RunResult;
use crate::target::Target;

/// The name of the file with every exchange.
const EVIDENCE: &str = "evidence.jsonl";

/// The names of the others.
const FILES: [&str; 5] = [
    "report.json",
    "report.html",
    "report.md",
    "report.sarif",
    "junit.xml",
];

/// Why reports cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {path}: {error}; name a folder that can be written with --report-dir")]
pub struct ReportError {
    /// The file or the folder.
    pub path: String,
    /// What is the matter.
    pub error: io::Error,
}

/// Listens to a run, and makes the reports of it.
#[derive(Debug)]
pub struct Reports {
    folder: Option<PathBuf>,
    evidence: Option<Evidence<BufWriter<File>>>,
    counter: Counter,
    times: Times,
    watching: Watching,
    receipts: u64,
}

impl Reports {
    /// Makes the model alone.
    #[must_use]
    pub fn new(contract: &Arc<Contract>, target: &Target) -> Self {
        Self {
            folder: None,
            evidence: None,
            counter: Counter::new(contract, target),
            times: Times::default(),
            watching: Watching::new(contract, target),
            receipts: 0,
        }
    }

    /// Writes all reports into a folder, which is made if it is not there. Reports of an earlier run are removed at once,
    /// so that what is there is of this run or is not there.
    ///
    /// # Errors
    /// The folder, or one of the files, cannot be written.
    pub fn create(
        folder: &Path,
        contract: &Arc<Contract>,
        target: &Target,
    ) -> Result<Self, ReportError> {
        fs::create_dir_all(folder).map_err(of(folder))?;
        for name in FILES {
            let path = folder.join(name);
            let created = File::create(&path).and_then(|_| fs::remove_file(&path));
            created.map_err(of(&path))?;
        }
        let path = folder.join(EVIDENCE);
        let evidence = Evidence::create(&path).map_err(of(&path))?;
        Ok(Self {
            folder: Some(folder.to_owned()),
            evidence: Some(evidence),
            ..Self::new(contract, target)
        })
    }

    /// The report of the run, once it is over; whatever is to be written is written.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn finish(self, result: &RunResult) -> Result<Report, ReportError> {
        let counts = Counts {
            receipts: self.receipts,
            coverage: self.counter.coverage(),
            answer_times: self.times.report(),
            downloads: self.watching.report(),
        };
        let report = Report::new(result, counts);
        let Some(folder) = self.folder else {
            return Ok(report);
        };
        for name in FILES {
            let path = folder.join(name);
            write(&report, name, &path).map_err(of(&path))?;
        }
        if let Some(evidence) = self.evidence {
            evidence.finish().map_err(of(&folder.join(EVIDENCE)))?;
        }
        Ok(report)
    }
}

impl Reporter for Reports {
    fn on(&mut self, event: &Event) {
        match event {
            Event::RunStarted {
                seed,
                target,
                about,
                ..
            } => {
                if let Some(evidence) = &mut self.evidence {
                    evidence.head(*seed, target, about.started);
                }
            }
            Event::Exchanged(exchange) => {
                if let Some(evidence) = &mut self.evidence {
                    evidence.exchange(exchange);
                }
                let operation = self.counter.sent(exchange);
                if exchange.answer().is_some() {
                    self.times
                        .add(operation.as_deref().unwrap_or("other"), exchange.took);
                }
                self.watching.sent(exchange);
            }
            Event::RoundJudged(round) => {
                if let Some(evidence) = &mut self.evidence {
                    evidence.write(&Record::Round(round.clone()));
                }
            }
            Event::Received(receipt) => {
                if let Some(evidence) = &mut self.evidence {
                    evidence.write(&Record::Receipt(Arc::clone(receipt)));
                }
                self.receipts += 1;
                self.counter.received(receipt);
                self.watching.received(receipt);
            }
            _ => {}
        }
    }
}

fn write(report: &Report, name: &str, path: &Path) -> io::Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    match name {
        "report.json" => write_json(report, &mut out)?,
        "report.html" => out.write_all(html(report).map_err(io::Error::other)?.as_bytes())?,
        "report.md" => out.write_all(markdown(report).as_bytes())?,
        "report.sarif" => serde_json::to_writer(&mut out, &sarif(report))?,
        _ => write_junit(report, &mut out)?,
    }
    out.flush()
}

fn of(path: &Path) -> impl FnOnce(io::Error) -> ReportError {
    let path = path.display().to_string();
    |error| ReportError { path, error }
}
