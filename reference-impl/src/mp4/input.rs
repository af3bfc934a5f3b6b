//! What an MP4 file is read from: a file, or bytes in memory.

use std::fs::File;
use std::io;

/// Bytes that can be read at any place.
pub(crate) trait Input {
    /// How many there are.
    fn size(&self) -> u64;

    /// Fills `buf` with the bytes from `at` on; an error if there are not as many.
    fn read_exact_at(&self, buf: &mut [u8], at: u64) -> io::Result<()>;
}

impl<T: AsRef<[u8]>> Input for T {
    fn size(&self) -> u64 {
        self.as_ref().len() as u64
    }

    fn read_exact_at(&self, buf: &mut [u8], at: u64) -> io::Result<()> {
        let part = usize::try_from(at)
            .ok()
            .and_then(|at| self.as_ref().get(at..at.checked_add(buf.len())?))
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        buf.copy_from_slice(part);
        Ok(())
    }
}

/// A file whose length was asked for once.
#[derive(Debug)]
pub(crate) struct FileInput {
    file: File,
    len: u64,
}

impl FileInput {
    /// `file` as far as its first `len` bytes.
    pub(crate) fn new(file: File, len: u64) -> Self {
        Self { file, len }
    }

    /// The file.
    pub(crate) fn file(&self) -> &File {
        &self.file
    }
}

impl Input for FileInput {
    fn size(&self) -> u64 {
        self.len
    }

    #[cfg(unix)]
    fn read_exact_at(&self, buf: &mut [u8], at: u64) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(&self.file, buf, at)
    }

    #[cfg(windows)]
    fn read_exact_at(&self, mut buf: &mut [u8], mut at: u64) -> io::Result<()> {
        while !buf.is_empty() {
            let read = std::os::windows::fs::FileExt::seek_read(&self.file, buf, at)?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            buf = &mut buf[read..];
            at += read as u64;
        }
        Ok(())
    }
}
