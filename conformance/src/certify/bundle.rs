//! The bundle: one zip file with everything that a certification rests on, and a signed statement that names each file in
//! it. Read with suspicion.
//!
//! Limits when it is read: at most [`MAX_FILES`] files, only names that a bundle can have (so none leads out of it), at
//! most as many bytes as [`BOUNDS`] says, counted while they are unpacked, whatever the zip says of
//! itself. Nothing is unpacked to disk.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use zip::ZipArchive;

use super::keys::PublicKey;
use super::predicate::{PREDICATE_TYPE, Predicate};
use super::seal::{Envelope, SealError, Statement};
use super::writer::Hashing;
use crate::text::shown;

/// Files of a bundle at most.
const MAX_FILES: usize = 64;
/// Bytes of a file that is read into memory, at most.
const MAX_IN_MEMORY: u64 = 64 * 1024 * 1024;

/// How large a bundle may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// Bytes of a file.
    pub(super) file: u64,
    /// Bytes of all of them.
    total: u64,
}

pub(super) const BOUNDS: Bounds = Bounds {
    // The exchanges of a long run.
    file: 1024 * 1024 * 1024,
    total: 3 * 1024 * 1024 * 1024,
};

/// The signed statement.
pub(super) const ATTESTATION: &str = "attestation.json";
/// What the vendor says of the target: [`super::Declaration`].
pub(super) const DECLARATION: &str = "declaration.json";
/// The contract, after its overlays.
pub(super) const CONTRACT: &str = "contract.json";
/// The catalogue.
pub(super) const CATALOGUE: &str = "requirements.yaml";
/// The page for people.
pub(super) const SUMMARY: &str = "summary.html";
/// The badge.
pub(super) const BADGE: &str = "badge.svg";
/// Files of each run, in `run-N/`.
pub(super) const RUN_FILES: [&str; 3] = ["report.json", "report.html", "evidence.jsonl"];

const TOP: [&str; 6] = [
    ATTESTATION,
    DECLARATION,
    CONTRACT,
    CATALOGUE,
    SUMMARY,
    BADGE,
];

/// Why a bundle cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// A file cannot be read or written.
    #[error("{}: {error}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// It is no zip, or a broken one.
    #[error("it is no bundle, or was cut off ({why})")]
    NoZip {
        /// What the reader says.
        why: String,
    },
    /// It has a file that no bundle has.
    #[error("it holds \"{}\", which no bundle holds; nothing was unpacked", shown(.0))]
    Foreign(String),
    /// It has more files than a bundle has.
    #[error("it holds {0} files, which no bundle does; nothing was unpacked")]
    TooMany(usize),
    /// A file stands in it twice: who unpacks it with another program might read the other one.
    #[error("it holds two files of one name, which no bundle does; nothing was unpacked")]
    Twice,
    /// It lacks a file.
    #[error("it lacks {0}")]
    Lacks(String),
    /// It is larger than a bundle can be.
    #[error("{what} is larger than {limit} MiB, which nothing in a bundle may be")]
    TooLarge {
        /// What.
        what: String,
        /// How large it may be.
        limit: u64,
    },
    /// Its signature or its statement is not right.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// A file in it is not in its form.
    #[error("{name} cannot be read: {why}")]
    Form {
        /// The file.
        name: String,
        /// What is wrong.
        why: String,
    },
}

/// What is not as the statement says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Tampering {
    /// Another content.
    #[error("{0} was changed after it was signed")]
    Changed(String),
    /// It is gone.
    #[error("{0} was removed after it was signed")]
    Removed(String),
    /// It was not signed for.
    #[error("{0} was added after it was signed")]
    Added(String),
}

/// A bundle that is being read.
#[derive(Debug)]
pub(super) struct Bundle {
    zip: ZipArchive<BufReader<File>>,
    names: BTreeSet<String>,
    bounds: Bounds,
}

impl Bundle {
    /// Opens a bundle and looks at what it claims to hold.
    pub(super) fn open(file: &Path) -> Result<Self, BundleError> {
        Self::open_within(file, BOUNDS)
    }

    fn open_within(file: &Path, bounds: Bounds) -> Result<Self, BundleError> {
        let opened = File::open(file).map_err(|error| BundleError::Io {
            file: file.to_owned(),
            error,
        })?;
        let no_zip = |e: zip::result::ZipError| BundleError::NoZip { why: e.to_string() };
        let mut zip = ZipArchive::new(BufReader::new(opened)).map_err(no_zip)?;
        let too_large = |what: String, limit: u64| BundleError::TooLarge {
            what,
            limit: limit / 1024 / 1024,
        };
        if zip.len() > MAX_FILES {
            return Err(BundleError::TooMany(zip.len()));
        }
        if zip.has_duplicate_names() {
            return Err(BundleError::Twice);
        }
        let (mut names, mut total) = (BTreeSet::new(), 0_u64);
        for at in 0..zip.len() {
            let entry = zip.by_index_raw(at).map_err(no_zip)?;
            let name = entry.name().map_err(no_zip)?.into_owned();
            if !is_known(&name) {
                return Err(BundleError::Foreign(name));
            }
            if entry.size() > bounds.file {
                return Err(too_large(name, bounds.file));
            }
            total = total.saturating_add(entry.size());
            names.insert(name);
        }
        if total > bounds.total {
            return Err(too_large("its content".to_owned(), bounds.total));
        }
        Ok(Self { zip, names, bounds })
    }

    /// Reads a file of it, as a stream.
    pub(super) fn with<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&mut dyn Read) -> io::Result<T>,
    ) -> Result<T, BundleError> {
        if !self.names.contains(name) {
            return Err(BundleError::Lacks(name.to_owned()));
        }
        let broken = |why: String| BundleError::NoZip {
            why: format!("{name}: {why}"),
        };
        let entry = self.zip.by_name(name).map_err(|e| broken(e.to_string()))?;
        // What the zip says of the size was looked at, and is not trusted.
        let mut bounded = entry.take(self.bounds.file + 1);
        let out = read(&mut bounded).map_err(|e| broken(e.to_string()))?;
        if bounded.limit() == 0 {
            return Err(BundleError::TooLarge {
                what: name.to_owned(),
                limit: self.bounds.file / 1024 / 1024,
            });
        }
        Ok(out)
    }

    /// A file of it, in memory.
    pub(super) fn bytes(&mut self, name: &str) -> Result<Vec<u8>, BundleError> {
        let bytes = self.with(name, |from| {
            let mut bytes = Vec::new();
            from.take(MAX_IN_MEMORY + 1).read_to_end(&mut bytes)?;
            Ok(bytes)
        })?;
        if bytes.len() as u64 > MAX_IN_MEMORY {
            return Err(BundleError::TooLarge {
                what: name.to_owned(),
                limit: MAX_IN_MEMORY / 1024 / 1024,
            });
        }
        Ok(bytes)
    }

    /// The statement, if the key signed it.
    pub(super) fn statement(
        &mut self,
        key: &PublicKey,
    ) -> Result<Statement<Predicate>, BundleError> {
        let text = self.bytes(ATTESTATION)?;
        let envelope: Envelope = serde_json::from_slice(&text).map_err(|e| BundleError::Form {
            name: ATTESTATION.to_owned(),
            why: e.to_string(),
        })?;
        Ok(Statement::open(&envelope, key, PREDICATE_TYPE)?)
    }

    /// Everything that is not as the statement says.
    pub(super) fn tampering(
        &mut self,
        statement: &Statement<Predicate>,
    ) -> Result<Vec<Tampering>, BundleError> {
        let mut found = Vec::new();
        let mut signed = BTreeSet::from([ATTESTATION]);
        for subject in &statement.subject {
            let name = subject.name.as_str();
            signed.insert(name);
            if !self.names.contains(name) {
                found.push(Tampering::Removed(shown(name)));
                continue;
            }
            let is_right = self.with(name, |from| {
                let mut hashing = Hashing::new(from);
                io::copy(&mut hashing, &mut io::sink())?;
                Ok(Some(hashing.finish().as_str()) == subject.sha256())
            });
            // A file that cannot be unpacked any more was changed, too.
            if !matches!(is_right, Ok(true)) {
                found.push(Tampering::Changed(shown(name)));
            }
        }
        let added = self.names.iter().filter(|n| !signed.contains(n.as_str()));
        found.extend(added.map(|name| Tampering::Added(shown(name))));
        Ok(found)
    }
}

/// True for the name of a file that a bundle can have.
fn is_known(name: &str) -> bool {
    let in_run = || {
        let (folder, file) = name.split_once('/')?;
        let number: u8 = folder.strip_prefix("run-")?.parse().ok()?;
        // One form only: no leading zeros or signs.
        (folder == format!("run-{number}") && RUN_FILES.contains(&file)).then_some(())
    };
    TOP.contains(&name) || in_run().is_some()
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use zip::write::SimpleFileOptions;
    use zip::{CompressionMethod, ZipWriter};

    use super::*;

    /// A zip whose file says that it is as large as this, and is four times that.
    fn bomb(length: u32) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut zip = ZipWriter::new(file.reopen().unwrap());
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        zip.start_file(BADGE, options).unwrap();
        let zeros = io::repeat(0).take(u64::from(length) * 4);
        io::copy(&mut { zeros }, &mut zip).unwrap();
        zip.finish().unwrap();
        let mut bytes = std::fs::read(file.path()).unwrap();
        let (real, said) = ((length * 4).to_le_bytes(), length.to_le_bytes());
        for at in 0..bytes.len() - 4 {
            if bytes[at..at + 4] == real {
                bytes[at..at + 4].copy_from_slice(&said);
            }
        }
        std::fs::write(file.path(), bytes).unwrap();
        file
    }

    #[test]
    fn what_a_zip_says_of_its_size_is_not_trusted() {
        let length = 1_234_567;
        let file = bomb(length);
        let within = |file_most: u32, total: u32| {
            let bounds = Bounds {
                file: file_most.into(),
                total: total.into(),
            };
            let mut bundle = Bundle::open_within(file.path(), bounds)?;
            let mut read = 0;
            let unpacked = bundle.with(BADGE, |from| {
                read = io::copy(from, &mut io::sink())?;
                Ok(())
            });
            assert!(read <= u64::from(file_most) + 1);
            unpacked
        };
        for (file_most, total) in [(length - 1, length), (length, length - 1), (length, length)] {
            let refused = within(file_most, total).unwrap_err();
            let is_known = matches!(
                refused,
                BundleError::TooLarge { .. } | BundleError::NoZip { .. }
            );
            assert!(is_known, "{refused}");
        }
    }

    /// The two differ for whoever reads the first of them, and for whoever reads the last.
    #[test]
    fn two_files_of_one_name_are_seen() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut zip = ZipWriter::new(file.reopen().unwrap());
        for (name, content) in [(SUMMARY, "signed"), ("summarz.html", "another")] {
            zip.start_file(name, SimpleFileOptions::default()).unwrap();
            zip.write_all(content.as_bytes()).unwrap();
        }
        zip.finish().unwrap();
        let mut bytes = std::fs::read(file.path()).unwrap();
        for at in 0..bytes.len() - 7 {
            if &bytes[at..at + 7] == b"summarz" {
                bytes[at + 6] = b'y';
            }
        }
        std::fs::write(file.path(), bytes).unwrap();
        let refused = Bundle::open(file.path()).unwrap_err();
        assert!(matches!(refused, BundleError::Twice), "{refused}");
    }

    #[test]
    fn no_name_leads_out_of_a_bundle() {
        for known in [
            "attestation.json",
            "run-1/report.json",
            "run-12/evidence.jsonl",
        ] {
            assert!(is_known(known), "{known}");
        }
        for foreign in [
            "../report.json",
            "/etc/passwd",
            "run-1/../report.json",
            "run-01/report.json",
            "run-+1/report.json",
            "run-1/x",
            "run-1/",
            "run-300/report.json",
            "",
            "RUN-1/report.json",
            "run-1\\report.json",
        ] {
            assert!(!is_known(foreign), "{foreign}");
        }
    }
}
