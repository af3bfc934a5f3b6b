//! Writes boxes of ISO/IEC 14496-12 into an array: a size of four bytes, a name of four letters, a body that may be
//! boxes again. All numbers are big-endian.
//!
//! Everything is `const`, so that the compiler itself finds out how long the result is and that it fits. The array has
//! to be long enough; who writes more than `N` bytes has made a mistake that the compiler or the first test finds.

/// Boxes, written front to back.
pub(super) struct Boxes<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> Boxes<N> {
    /// No bytes yet.
    pub(super) const fn new() -> Self {
        Self {
            bytes: [0; N],
            len: 0,
        }
    }

    /// Begins a box; returns where, for [`Self::close`].
    pub(super) const fn open(&mut self, kind: &[u8; 4]) -> usize {
        let start = self.len;
        self.u32(0);
        self.put(kind);
        start
    }

    /// Begins a box whose body begins with a version and flags.
    pub(super) const fn open_full(&mut self, kind: &[u8; 4], version: u32, flags: u32) -> usize {
        let start = self.open(kind);
        self.u32(version << 24 | flags);
        start
    }

    /// Ends the box that begins at `start`. `beyond` more bytes, written by somebody else, belong to it.
    pub(super) const fn close(&mut self, start: usize, beyond: u32) {
        let end = self.len;
        self.len = start;
        self.u32((end - start) as u32 + beyond);
        self.len = end;
    }

    /// Appends bytes.
    pub(super) const fn put(&mut self, bytes: &[u8]) {
        let mut at = 0;
        while at < bytes.len() {
            self.bytes[self.len] = bytes[at];
            self.len += 1;
            at += 1;
        }
    }

    /// Appends so many zeros.
    pub(super) const fn zeros(&mut self, count: usize) {
        let mut left = count;
        while left > 0 {
            self.put(&[0]);
            left -= 1;
        }
    }

    /// Appends a number of 16 bits.
    pub(super) const fn u16(&mut self, number: u16) {
        self.put(&number.to_be_bytes());
    }

    /// Appends a number of 32 bits.
    pub(super) const fn u32(&mut self, number: u32) {
        self.put(&number.to_be_bytes());
    }

    /// Appends a number of 64 bits.
    pub(super) const fn u64(&mut self, number: u64) {
        self.put(&number.to_be_bytes());
    }

    /// How many bytes were written.
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// The array.
    pub(super) const fn bytes(self) -> [u8; N] {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::Boxes;

    #[test]
    fn a_box_knows_its_size() {
        let mut boxes = Boxes::<31>::new();
        let outer = boxes.open(b"moov");
        let inner = boxes.open_full(b"full", 1, 2);
        boxes.u16(0x0304);
        boxes.close(inner, 0);
        boxes.zeros(1);
        boxes.u64(5);
        boxes.close(outer, 100);
        assert_eq!(boxes.len(), 31);
        let written = b"\x00\x00\x00\x83moov\x00\x00\x00\x0efull\x01\x00\x00\x02\x03\x04\x00\x00\x00\x00\x00\x00\x00\x00\x05";
        assert_eq!(&boxes.bytes(), written);
    }
}
