//! Boxes, one after the other: those of a file by reading their headers only, those of a slice.

use std::ops::Range;

use super::{Input, MAX_TABLES, Mp4Error, broken};

/// Most boxes at the top of a file: a day in fragments of half a second has 345,600.
const MAX_BOXES: u32 = 500_000;

/// The name of a box.
pub(super) type BoxName = [u8; 4];

/// A box of a file.
#[derive(Debug)]
pub(super) struct BoxAt {
    pub(super) name: BoxName,
    /// Where it starts, header included.
    pub(super) start: u64,
    /// Where its content is.
    pub(super) body: Range<u64>,
}

/// The boxes at the top of a file, and how much of them may still be read.
pub(super) struct Walk<'a, I> {
    input: &'a I,
    next: u64,
    boxes_left: u32,
    bytes_left: u64,
}

impl<'a, I: Input> Walk<'a, I> {
    pub(super) fn new(input: &'a I) -> Self {
        Self {
            input,
            next: 0,
            boxes_left: MAX_BOXES,
            bytes_left: MAX_TABLES,
        }
    }

    /// The next box. `None` at the end of the file, also if fewer bytes are left than a header has.
    /// The content may end after the file: the caller knows whether that matters.
    pub(super) fn next(&mut self) -> Result<Option<BoxAt>, Mp4Error> {
        let left = self.input.size().saturating_sub(self.next);
        if left < 8 {
            return Ok(None);
        }
        self.boxes_left = match self.boxes_left.checked_sub(1) {
            Some(left) => left,
            None => return broken(format!("it has more than {MAX_BOXES} boxes")),
        };
        let mut head = [0; 16];
        let have = usize::try_from(left.min(16)).unwrap_or(16);
        self.input.read_exact_at(&mut head[..have], self.next)?;
        let Some((name, header, size)) = header(&head[..have], left) else {
            return broken(format!("the box at byte {} has no valid size", self.next));
        };
        let start = self.next;
        let Some(end) = start.checked_add(size) else {
            return broken(format!("the box at byte {start} has no valid size"));
        };
        self.next = end;
        Ok(Some(BoxAt {
            name,
            start,
            body: start + header..end,
        }))
    }

    /// The content of a box that holds tables.
    pub(super) fn read(&mut self, found: &BoxAt) -> Result<Vec<u8>, Mp4Error> {
        let name = found.name.escape_ascii();
        if found.body.end > self.input.size() {
            return broken(format!("box `{name}` ends after the file"));
        }
        let size = found.body.end - found.body.start;
        self.bytes_left = match self.bytes_left.checked_sub(size) {
            Some(left) => left,
            None => {
                let most = MAX_TABLES >> 20;
                return Err(Mp4Error::Unsupported(format!(
                    "a file with more than {most} MiB of tables"
                )));
            }
        };
        // Fits: it is at most MAX_TABLES.
        let mut body = vec![0; usize::try_from(size).unwrap_or_default()];
        self.input.read_exact_at(&mut body, found.body.start)?;
        Ok(body)
    }
}

/// Name, length of the header, and length with header of the box that starts with `head`; `left` bytes
/// are left for it, which a size of 0 means.
fn header(head: &[u8], left: u64) -> Option<(BoxName, u64, u64)> {
    let size = u32::from_be_bytes(head.get(..4)?.try_into().ok()?);
    let name: BoxName = head.get(4..8)?.try_into().ok()?;
    let (header, size) = match size {
        0 => (8, left),
        1 => (16, u64::from_be_bytes(head.get(8..16)?.try_into().ok()?)),
        size => (8, u64::from(size)),
    };
    (size >= header).then_some((name, header, size))
}

/// The boxes within `body`. Fewer bytes at the end than a header has are padding.
pub(super) fn children(body: &[u8]) -> Children<'_> {
    Children { rest: body }
}

/// See [`children`].
pub(super) struct Children<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Children<'a> {
    type Item = Result<(BoxName, &'a [u8]), Mp4Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.len() < 8 {
            return None;
        }
        let part = header(self.rest, self.rest.len() as u64).and_then(|(name, header, size)| {
            let (header, size) = (usize::try_from(header).ok()?, usize::try_from(size).ok()?);
            let body = self.rest.get(header..size)?;
            self.rest = self.rest.get(size..)?;
            Some((name, body))
        });
        Some(part.map_or_else(
            || {
                self.rest = &[];
                broken("a box is larger than the box that it is in")
            },
            Ok,
        ))
    }
}

/// The first box within `body` that has this name.
pub(super) fn child<'a>(body: &'a [u8], name: &BoxName) -> Result<Option<&'a [u8]>, Mp4Error> {
    for part in children(body) {
        let (found, body) = part?;
        if found == *name {
            return Ok(Some(body));
        }
    }
    Ok(None)
}

/// The first box within `body` that has this name; an error if there is none.
pub(super) fn must<'a>(body: &'a [u8], name: &BoxName) -> Result<&'a [u8], Mp4Error> {
    match child(body, name)? {
        Some(body) => Ok(body),
        None => broken(format!("box `{}` is missing", name.escape_ascii())),
    }
}
