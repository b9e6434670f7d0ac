//! Input that waits for a decision, or for events and answers to be taken away.

/// Bytes with a cursor, so that working them off in many steps does not copy the rest each time.
#[derive(Debug, Default)]
pub(super) struct Held {
    bytes: Vec<u8>,
    at: usize,
}

impl Held {
    pub(super) const fn len(&self) -> usize {
        self.bytes.len() - self.at
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn push(&mut self, input: &[u8]) {
        self.bytes.extend_from_slice(input);
    }

    pub(super) fn as_slice(&self) -> &[u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// Forgets the first `taken` bytes; gives the memory back with the last.
    pub(super) fn advance(&mut self, taken: usize) {
        self.at = self.bytes.len().min(self.at + taken);
        if self.is_empty() {
            *self = Self::default();
        }
    }
}
