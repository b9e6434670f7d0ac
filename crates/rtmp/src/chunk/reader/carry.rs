//! A few header bytes kept from one input to the next.

use crate::chunk::header::MAX_HEADER;

/// At most one chunk header.
#[derive(Debug, Clone, Copy)]
pub(super) struct Carry {
    bytes: [u8; MAX_HEADER],
    length: usize,
}

impl Carry {
    pub(super) const EMPTY: Self = Self { bytes: [0; MAX_HEADER], length: 0 };

    pub(super) const fn len(&self) -> usize {
        self.length
    }

    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut carry = Self::EMPTY;
        carry.fill(bytes);
        carry
    }

    /// Takes what fits and returns how much that was.
    pub(super) fn fill(&mut self, bytes: &[u8]) -> usize {
        let taken = bytes.len().min(MAX_HEADER - self.length);
        for (to, from) in self.bytes.iter_mut().skip(self.length).zip(bytes) {
            *to = *from;
        }
        self.length += taken;
        taken
    }

    pub(super) fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}
