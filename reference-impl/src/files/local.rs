//! Files in a folder of this machine.
//!
//! `work/` holds what is being made, `files/` what is served; both are on one file system, so that a
//! file moves from one to the other in one step. Names are made here and never come from a caller; a
//! symbolic link is not followed.

use std::collections::HashSet;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::{FileStore, Filed, ServedFile, WorkFile};
use crate::job::{FileKey, JobKey};

/// Writes and syncs that are under way at once.
const WRITERS: usize = 16;
const WORK_ENDING: &str = "part";

/// A folder as a [`FileStore`].
#[derive(Clone, Debug)]
pub struct LocalFiles {
    work: PathBuf,
    served: PathBuf,
    writers: Arc<Semaphore>,
    syncs: bool,
}

impl LocalFiles {
    /// The files of a data folder. Both folders are made if they are not there, for this user only.
    ///
    /// # Errors
    /// If a folder cannot be made or written to; the error names it.
    pub fn open(data: &Path) -> io::Result<Self> {
        let folder = |name| {
            let folder = data.join(name);
            make_folder(&folder)
                .and_then(|()| probe(&folder))
                .map_err(|error| named(&folder, &error))?;
            Ok::<PathBuf, io::Error>(folder)
        };
        Ok(Self {
            work: folder("work")?,
            served: folder("files")?,
            writers: Arc::new(Semaphore::new(WRITERS)),
            syncs: true,
        })
    }

    /// The same, but nothing is made safe against a loss of power: for folders that do not outlive the
    /// process anyway.
    #[must_use]
    pub fn without_sync(mut self) -> Self {
        self.syncs = false;
        self
    }

    fn work_path(&self, job: JobKey) -> PathBuf {
        self.work.join(format!("{job}.{WORK_ENDING}"))
    }

    fn served_path(&self, file: &FileKey) -> PathBuf {
        self.served.join(file.as_str())
    }
}

/// Makes a folder that only this user can look into.
pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Whether files can be made in a folder.
fn probe(folder: &Path) -> io::Result<()> {
    let probe = folder.join(".probe");
    File::create(&probe)?;
    fs::remove_file(probe)
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::CLOEXEC;
        options.custom_flags(flags.bits().cast_signed()).mode(0o600);
    }
    options
}

/// Opens a file of ours: not a link, and nothing else than a file.
fn open_file(path: &Path, options: &OpenOptions) -> io::Result<(File, u64)> {
    let file = options.open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_file() {
        Ok((file, metadata.len()))
    } else {
        Err(io::ErrorKind::NotFound.into())
    }
}

/// Makes the names in a folder safe against a loss of power.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(folder)?.sync_all()
    } else {
        Ok(())
    }
}

fn if_there<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Does what waits for the disk where that holds nobody up.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    spawn_blocking(work).await.map_err(io::Error::other)?
}

impl FileStore for LocalFiles {
    fn work(&self, job: JobKey, keep: u64) -> Filed<'_, Box<dyn WorkFile>> {
        let (path, files) = (self.work_path(job), self.clone());
        Box::pin(blocking(move || {
            let (mut file, length) = open_file(&path, options().write(true).create(true))?;
            let written = if length >= keep { keep } else { 0 };
            file.set_len(written)?;
            file.seek(SeekFrom::Start(written))?;
            let file = Some(file);
            Ok(Box::new(LocalWork {
                path,
                file,
                written,
                files,
            }) as _)
        }))
    }

    fn size<'a>(&'a self, file: &'a FileKey) -> Filed<'a, Option<u64>> {
        let path = self.served_path(file);
        Box::pin(blocking(move || {
            if_there(open_file(&path, &options()).map(|(_, size)| size))
        }))
    }

    fn open<'a>(&'a self, file: &'a FileKey) -> Filed<'a, Box<dyn ServedFile>> {
        let path = self.served_path(file);
        Box::pin(blocking(move || {
            let (file, size) = open_file(&path, &options())?;
            let file = Arc::new(file);
            Ok(Box::new(LocalFile { file, size }) as _)
        }))
    }

    fn remove<'a>(&'a self, file: &'a FileKey) -> Filed<'a, ()> {
        let path = self.served_path(file);
        Box::pin(blocking(move || if_there(fs::remove_file(path)).map(drop)))
    }

    fn discard(&self, job: JobKey) -> Filed<'_, ()> {
        let path = self.work_path(job);
        Box::pin(blocking(move || if_there(fs::remove_file(path)).map(drop)))
    }

    fn tidy(&self, jobs: HashSet<JobKey>, files: HashSet<FileKey>) -> Filed<'_, usize> {
        let (work, served) = (self.work.clone(), self.served.clone());
        Box::pin(blocking(move || {
            let is_work = |name: &str| {
                let key = name.strip_suffix(WORK_ENDING)?.strip_suffix('.')?;
                Some(jobs.contains(&JobKey(key.parse().ok()?)))
            };
            let is_served = |name: &str| Some(files.contains(&name.parse().ok()?));
            Ok(remove_but(&work, is_work)? + remove_but(&served, is_served)?)
        }))
    }
}

/// Removes what `keeps` does not say true of.
fn remove_but(folder: &Path, keeps: impl Fn(&str) -> Option<bool>) -> io::Result<usize> {
    let mut removed = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let kept = name.to_str().and_then(&keeps).unwrap_or(false);
        // A folder is nothing of ours.
        if !kept && !entry.file_type()?.is_dir() {
            fs::remove_file(entry.path())?;
            removed += 1;
        }
    }
    Ok(removed)
}

/// A file in `work/`.
struct LocalWork {
    path: PathBuf,
    /// Away only while an operation is under way, or after one was given up half-way.
    file: Option<File>,
    written: u64,
    files: LocalFiles,
}

impl LocalWork {
    /// Does something with the file where that holds nobody up.
    async fn with<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut File) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let lost = || io::Error::other("a former operation on the work file was given up");
        let place = self.files.writers.clone().acquire_owned().await;
        let place = place.map_err(io::Error::other)?;
        let mut file = self.file.take().ok_or_else(lost)?;
        let (file, result) = spawn_blocking(move || {
            let result = work(&mut file);
            drop(place);
            (file, result)
        })
        .await
        .map_err(io::Error::other)?;
        self.file = Some(file);
        result
    }
}

impl WorkFile for LocalWork {
    fn written(&self) -> u64 {
        self.written
    }

    fn restart(&mut self) -> Filed<'_, ()> {
        Box::pin(async {
            let restart = |file: &mut File| file.set_len(0).and_then(|()| file.rewind());
            self.with(restart).await?;
            self.written = 0;
            Ok(())
        })
    }

    fn write(&mut self, chunk: Bytes) -> Filed<'_, ()> {
        Box::pin(async move {
            let length = chunk.len() as u64;
            self.with(move |file| file.write_all(&chunk)).await?;
            self.written += length;
            Ok(())
        })
    }

    fn save(&mut self) -> Filed<'_, ()> {
        if !self.files.syncs {
            return Box::pin(std::future::ready(Ok(())));
        }
        Box::pin(self.with(|file| file.sync_data()))
    }

    fn publish<'a>(mut self: Box<Self>, file: &'a FileKey) -> Filed<'a, ()> {
        let target = self.files.served_path(file);
        Box::pin(async move {
            let (path, folder) = (self.path.clone(), self.files.served.clone());
            let syncs = self.files.syncs;
            self.with(move |file| {
                if !syncs {
                    return fs::rename(path, target);
                }
                file.sync_all()?;
                fs::rename(path, target)?;
                sync_folder(&folder)
            })
            .await
        })
    }
}

/// A file in `files/`.
struct LocalFile {
    file: Arc<File>,
    size: u64,
}

impl ServedFile for LocalFile {
    fn size(&self) -> u64 {
        self.size
    }

    fn read(&self, at: u64, length: usize) -> Filed<'static, Bytes> {
        let file = self.file.clone();
        Box::pin(async move {
            if let Some(bytes) = read_cached(&file, at, length) {
                return Ok(bytes.into());
            }
            blocking(move || read_at(&file, at, length).map(Bytes::from)).await
        })
    }
}

/// Reads what the system has in memory, and waits for no disk: then a hop to another thread is saved.
#[cfg(target_os = "linux")]
fn read_cached(file: &File, at: u64, length: usize) -> Option<Vec<u8>> {
    let mut bytes = vec![0; length];
    let mut parts = [io::IoSliceMut::new(&mut bytes)];
    let read = rustix::io::preadv2(file, &mut parts, at, rustix::io::ReadWriteFlags::NOWAIT);
    (read == Ok(length)).then_some(bytes)
}

#[cfg(not(target_os = "linux"))]
fn read_cached(_file: &File, _at: u64, _length: usize) -> Option<Vec<u8>> {
    None
}

/// Reads without moving the place that the file is read from, into memory that nobody filled before.
#[cfg(unix)]
fn read_at(file: &File, at: u64, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(length);
    while bytes.len() < length {
        let offset = at + bytes.len() as u64;
        let read = rustix::io::pread(file, rustix::buffer::spare_capacity(&mut bytes), offset);
        match read {
            Ok(0) => break,
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    bytes.truncate(length);
    Ok(bytes)
}

#[cfg(not(unix))]
fn read_at(file: &File, at: u64, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(length);
    // A handle of its own, so that two readers do not move each other's place.
    let mut file = file.try_clone()?;
    file.seek(SeekFrom::Start(at))?;
    io::Read::read_to_end(&mut io::Read::take(file, length as u64), &mut bytes)?;
    Ok(bytes)
}
