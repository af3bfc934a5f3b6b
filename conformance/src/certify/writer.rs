//! Writing a bundle: front to back, under another name until it is whole.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::bundle::{ATTESTATION, BOUNDS, BundleError};
use super::keys::SecretKey;
use super::predicate::{PREDICATE_TYPE, Predicate};
use super::seal::{Statement, Subject};
use crate::about::hex;

/// Writes a bundle.
pub(super) struct Writer {
    file: PathBuf,
    /// Where it is written until it is whole.
    work: tempfile::NamedTempFile,
    zip: ZipWriter<BufWriter<File>>,
    subjects: Vec<Subject>,
}

impl Writer {
    /// A new bundle. It appears under its name when it is whole.
    pub(super) fn create(file: &Path) -> Result<Self, BundleError> {
        let io = |error| BundleError::Io {
            file: file.to_owned(),
            error,
        };
        let folder = file.parent().filter(|p| !p.as_os_str().is_empty());
        let work = tempfile::Builder::new()
            .prefix(".smsload-bundle-")
            .tempfile_in(folder.unwrap_or(Path::new(".")))
            .map_err(io)?;
        let out = work.reopen().map_err(io)?;
        Ok(Self {
            file: file.to_owned(),
            work,
            zip: ZipWriter::new(BufWriter::new(out)),
            subjects: Vec::new(),
        })
    }

    /// A folder beside the bundle, for what is on its way into it.
    pub(super) fn folder(&self) -> io::Result<tempfile::TempDir> {
        let beside = self.work.path().parent().unwrap_or(Path::new("."));
        tempfile::Builder::new()
            .prefix(".smsload-run-")
            .tempdir_in(beside)
    }

    /// Adds a file that will be signed for.
    pub(super) fn add(&mut self, name: &str, from: impl Read) -> Result<(), BundleError> {
        let sha256 = self.put(name, from)?;
        self.subjects.push(Subject::new(name, sha256));
        Ok(())
    }

    fn put(&mut self, name: &str, from: impl Read) -> Result<String, BundleError> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .large_file(true);
        let written = self.zip.start_file(name, options);
        let written = written.map_err(io::Error::from).and_then(|()| {
            let mut from = Hashing::new(from.take(BOUNDS.file + 1));
            let length = io::copy(&mut from, &mut self.zip)?;
            Ok((from.finish(), length))
        });
        let too_large = BundleError::TooLarge {
            what: name.to_owned(),
            limit: BOUNDS.file / 1024 / 1024,
        };
        let (sha256, length) = written.map_err(|error| BundleError::Io {
            file: self.file.clone(),
            error,
        })?;
        // Nobody could read it again.
        if length > BOUNDS.file {
            return Err(too_large);
        }
        Ok(sha256)
    }

    /// Signs for everything in it, and lets it appear under its name.
    pub(super) fn seal(mut self, predicate: Predicate, key: &SecretKey) -> Result<(), BundleError> {
        let subjects = std::mem::take(&mut self.subjects);
        let envelope = Statement::new(subjects, PREDICATE_TYPE, predicate).seal(key)?;
        let text = serde_json::to_vec_pretty(&envelope).map_err(|e| BundleError::Form {
            name: ATTESTATION.to_owned(),
            why: e.to_string(),
        })?;
        self.put(ATTESTATION, &*text)?;
        let file = self.file;
        let io = |error| BundleError::Io {
            file: file.clone(),
            error,
        };
        let mut out = self.zip.finish().map_err(|e| io(e.into()))?;
        out.flush().map_err(io)?;
        out.get_ref().sync_all().map_err(io)?;
        self.work
            .persist(&file)
            .map_err(|e| BundleError::Io {
                file: file.clone(),
                error: e.error,
            })
            .map(drop)
    }
}

/// Hashes what is read through it.
pub(super) struct Hashing<R> {
    from: R,
    hash: Sha256,
}

impl<R: Read> Hashing<R> {
    pub(super) fn new(from: R) -> Self {
        Self {
            from,
            hash: Sha256::new(),
        }
    }

    pub(super) fn finish(self) -> String {
        hex(&self.hash.finalize())
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(out)?;
        self.hash.update(&out[..read]);
        Ok(read)
    }
}
