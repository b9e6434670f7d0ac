//! Datagrams of equal size to one peer, gathered for one system call (UDP generic segmentation offload).
//!
//! The system call is the cost of sending, not the bytes: a picture cut into equal fragments leaves in one.

use super::peer::Transmit;
use std::net::{IpAddr, SocketAddr};

/// The most bytes of one batch: the kernel's limit for a UDP payload, with room for headers.
const MAX_BYTES: usize = 65_000;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Batch {
    buffer: Vec<u8>,
    segment: usize,
    count: usize,
    /// A datagram shorter than the others has been added: it is the last.
    complete: bool,
    destination: Option<SocketAddr>,
    local: Option<IpAddr>,
}

impl Batch {
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub(super) fn clear(&mut self) {
        self.buffer.clear();
        self.count = 0;
        self.complete = false;
        self.destination = None;
    }

    /// Adds a datagram, or gives it back when the batch must be sent first.
    pub(super) fn push(&mut self, transmit: Transmit, local: Option<IpAddr>, max_segments: usize) -> Option<Transmit> {
        let length = transmit.contents.len();
        if self.is_empty() {
            self.destination = Some(transmit.destination);
            self.local = local;
            self.segment = length;
        } else {
            let fits = self.destination == Some(transmit.destination)
                && self.local == local
                && !self.complete
                && length <= self.segment
                && length > 0
                && self.count < max_segments
                && self.buffer.len() + length <= MAX_BYTES;
            if !fits {
                return Some(transmit);
            }
            self.complete = length < self.segment;
        }
        self.buffer.extend_from_slice(&transmit.contents);
        self.count += 1;
        None
    }

    /// Where to, from which local address.
    pub(super) fn route(&self) -> Option<(SocketAddr, Option<IpAddr>)> {
        Some((self.destination?, self.local))
    }

    /// All datagrams and, when they are several, the size of each but the last.
    pub(super) fn contents(&self) -> (&[u8], Option<usize>) {
        (&self.buffer, (self.count > 1).then_some(self.segment))
    }

    /// The datagrams one by one.
    pub(super) fn datagrams(&self) -> impl Iterator<Item = &[u8]> {
        self.buffer.chunks(self.segment.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transmit(port: u16, length: usize) -> Transmit {
        Transmit { destination: SocketAddr::from(([127, 0, 0, 1], port)), contents: vec![port as u8; length] }
    }

    #[test]
    fn equal_datagrams_to_one_peer_share_a_call_and_a_shorter_one_ends_it() {
        let mut batch = Batch::default();
        for length in [100, 100, 60] {
            assert!(batch.push(transmit(1, length), None, 64).is_none());
        }
        assert_eq!(batch.contents().1, Some(100));
        assert_eq!(batch.datagrams().map(<[u8]>::len).collect::<Vec<_>>(), [100, 100, 60]);
        assert!(batch.push(transmit(1, 60), None, 64).is_some());
        batch.clear();
        assert!(batch.push(transmit(1, 60), None, 64).is_none());
        assert_eq!(batch.contents().1, None);
    }

    #[test]
    fn another_peer_a_longer_datagram_or_the_limit_start_a_new_batch() {
        let mut batch = Batch::default();
        assert!(batch.push(transmit(1, 100), None, 2).is_none());
        assert!(batch.push(transmit(2, 100), None, 2).is_some());
        assert!(batch.push(transmit(1, 101), None, 2).is_some());
        assert!(batch.push(transmit(1, 100), Some(IpAddr::from([127, 0, 0, 1])), 2).is_some());
        assert!(batch.push(transmit(1, 100), None, 2).is_none());
        assert!(batch.push(transmit(1, 100), None, 2).is_some());
    }
}
