//! Acknowledgements in both directions (RTMP 1.0 sections 5.4.3 to 5.4.5); sequence numbers wrap at 2^32.

use crate::limits::{MAX_WINDOW_ACK_SIZE, MIN_WINDOW_ACK_SIZE, WINDOW_ACK_SIZE};

/// Counts bytes and tells when to acknowledge.
#[derive(Debug)]
pub(super) struct Acknowledgement {
    received: u64,
    acknowledged: u64,
    window: u32,
    sent: u64,
    /// The last sequence number the peer acknowledged.
    peer: Option<u32>,
    announced: u32,
}

impl Default for Acknowledgement {
    fn default() -> Self {
        Self { received: 0, acknowledged: 0, window: WINDOW_ACK_SIZE, sent: 0, peer: None, announced: WINDOW_ACK_SIZE }
    }
}

impl Acknowledgement {
    /// Counts received bytes; returns the sequence number to send when an acknowledgement is due. Due at half the
    /// window, so that a peer that waits at its window never stalls.
    pub(super) fn received(&mut self, bytes: usize) -> Option<u32> {
        self.received = self.received.wrapping_add(bytes as u64);
        if self.received.wrapping_sub(self.acknowledged) < u64::from(self.window / 2) {
            return None;
        }
        self.acknowledged = self.received;
        // Truncation is the wrap that the specification wants.
        Some(self.received as u32)
    }

    /// The peer's Window Acknowledgement Size, clamped to what makes sense.
    pub(super) fn set_window(&mut self, size: u32) {
        self.window = size.clamp(MIN_WINDOW_ACK_SIZE, MAX_WINDOW_ACK_SIZE);
    }

    /// The peer's Set Peer Bandwidth: returns the window to announce when it differs from the last announced one.
    pub(super) fn set_bandwidth(&mut self, size: u32) -> Option<u32> {
        let size = size.clamp(MIN_WINDOW_ACK_SIZE, MAX_WINDOW_ACK_SIZE);
        let changed = size != self.announced;
        self.announced = size;
        changed.then_some(size)
    }

    /// Counts bytes sent.
    pub(super) fn sent(&mut self, bytes: usize) {
        self.sent = self.sent.wrapping_add(bytes as u64);
    }

    /// The peer acknowledged up to `sequence`.
    pub(super) fn acknowledged(&mut self, sequence: u32) {
        self.peer = Some(sequence);
    }

    /// Bytes sent and not acknowledged; `None` when the peer never acknowledged. A sequence number ahead of what was
    /// sent (some clients count the handshake) is 0 bytes behind.
    pub(super) fn unacknowledged(&self) -> Option<u32> {
        let behind = (self.sent as u32).wrapping_sub(self.peer?);
        Some(if behind > 1 << 31 { 0 } else { behind })
    }

    pub(super) const fn bytes_received(&self) -> u64 {
        self.received
    }

    pub(super) const fn bytes_sent(&self) -> u64 {
        self.sent
    }

    #[cfg(test)]
    pub(super) fn fast_forward(&mut self, bytes: u64) {
        self.received += bytes;
        self.acknowledged += bytes;
        self.sent += bytes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_20_tiny_and_huge_windows_are_clamped() {
        for window in [0, 1, 2, 1 << 31, u32::MAX] {
            let mut acks = Acknowledgement::default();
            acks.set_window(window);
            let due = (0..1_000_000).filter(|_| acks.received(1).is_some()).count();
            assert!(due <= 1_000_000 / (MIN_WINDOW_ACK_SIZE as usize / 2), "window {window}: {due}");
            assert!(acks.set_bandwidth(window).unwrap() >= MIN_WINDOW_ACK_SIZE);
            assert_eq!(acks.set_bandwidth(window), None);
        }
    }

    #[test]
    fn hostile_21_sequence_numbers_wrap_at_4_gib() {
        let mut acks = Acknowledgement::default();
        acks.fast_forward((1 << 32) - 1_000_000);
        assert_eq!(acks.received(999_999), None);
        assert_eq!(acks.received(500_001), Some(500_000));
        acks.sent(1_500_000);
        acks.acknowledged(u32::MAX - 99);
        assert_eq!(acks.unacknowledged(), Some(500_100));
        acks.acknowledged(600_000);
        assert_eq!(acks.unacknowledged(), Some(0));
    }
}
