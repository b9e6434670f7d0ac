//! What is known so far of the frame at the head of the window (RFC 6184 section 5.1: one timestamp, one access unit).

use super::window::Slot;
use crate::h264::Hints;
use std::time::Instant;

/// The packets from the head of the window that belong to one frame, looked at once each.
#[derive(Debug, Clone, Default)]
pub(super) struct FrameScan {
    length: usize,
    bytes: usize,
    timestamp: Option<u32>,
    first: Option<Hints>,
    has_slice: bool,
    /// A packet in front of the first slice, or with it, shows that no slice is missing in front of it.
    delimited: bool,
    /// The first slice does not start at macroblock 0, or its start is not there.
    starts_inside_picture: bool,
    /// The last packet leaves a NAL unit unfinished.
    unfinished: bool,
    /// The last packet is marked.
    marked: bool,
    last_arrival: Option<Instant>,
}

impl FrameScan {
    /// Places looked at, empty packets among them.
    pub(super) fn length(&self) -> usize {
        self.length
    }

    /// An upper bound of the access unit's bytes, for what real senders send.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The frame's timestamp; `None` before its first packet with a payload.
    pub(super) fn timestamp(&self) -> Option<u32> {
        self.timestamp
    }

    /// Its first packet with a payload.
    pub(super) fn first(&self) -> Option<Hints> {
        self.first
    }

    /// Whether a slice is there: parameter sets alone are no picture.
    pub(super) fn has_slice(&self) -> bool {
        self.has_slice
    }

    /// Whether a packet in front of its first slice, or with it, shows that no slice is missing in front of it.
    pub(super) fn is_delimited(&self) -> bool {
        self.delimited
    }

    /// Whether its first slice goes on where another one ended.
    pub(super) fn starts_inside_picture(&self) -> bool {
        self.starts_inside_picture
    }

    /// When the last of its packets to arrive did.
    pub(super) fn last_arrival(&self) -> Option<Instant> {
        self.last_arrival
    }

    /// Whether the marker is on the last packet and could end a frame: there is a picture and no NAL unit is cut. SPS
    /// and PPS as a marked packet of their own do not end one.
    pub(super) fn ends_with_marker(&self) -> bool {
        self.marked && self.has_slice && !self.unfinished
    }

    /// Whether `next` is the first packet of another frame: it has another timestamp, or is behind a marker and can only
    /// start a picture (senders with coarse clocks give two pictures one timestamp).
    pub(super) fn ends_before(&self, next: &Slot<Hints>) -> bool {
        let Some(timestamp) = self.timestamp.filter(|_| !next.hints.empty) else { return false };
        next.packet.timestamp != timestamp || (self.ends_with_marker() && next.hints.starts_picture())
    }

    /// Whether `next`, of this frame, shows that a marker did not end it.
    pub(super) fn goes_on_behind_marker(&self, next: &Slot<Hints>) -> bool {
        self.ends_with_marker() && next.hints.slice
    }

    /// Takes the next packet into the frame.
    pub(super) fn add(&mut self, slot: &Slot<Hints>) {
        self.length += 1;
        let Slot { packet, arrival, hints } = slot;
        if hints.empty {
            return;
        }
        self.bytes += packet.payload.len() + 4;
        self.timestamp.get_or_insert(packet.timestamp);
        self.first.get_or_insert(*hints);
        self.delimited |= hints.delimits && !self.has_slice;
        if hints.slice && !self.has_slice {
            self.has_slice = true;
            self.starts_inside_picture = !hints.starts_slices();
        }
        self.unfinished = hints.unfinished;
        self.marked = packet.marker;
        self.last_arrival = self.last_arrival.max(Some(*arrival));
    }
}
