//! The reordering window both jitter buffers share: packets by unwrapped sequence number, bounded, with arrival times.

use super::MediaPacket;
use crate::unwrap::{Position, SequenceUnwrapper};
use std::collections::VecDeque;
use std::ops::Range;
use std::time::{Duration, Instant};

/// A packet in the window.
#[derive(Debug, Clone)]
pub(super) struct Slot<H> {
    pub(super) packet: MediaPacket,
    pub(super) arrival: Instant,
    /// What the buffer noted of its payload.
    pub(super) hints: H,
}

/// What became of an arrived packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Inserted {
    /// It is the newest in the window.
    Newest,
    /// It filled a hole; `lateness` behind a packet that follows it.
    Filled { lateness: Duration },
    /// It was there already.
    Duplicate,
    /// Its place was handed out or given up; if given up lately, since when a packet behind it had waited.
    Late { lateness: Option<Duration> },
    /// Held as a suspect: a stray, or the first packet of a restarted sequence.
    Suspect,
    /// The sequence was restarted: the window holds only the new one.
    Restarted,
}

/// Packets from `head` on; holes are `None`.
#[derive(Debug, Clone)]
pub(super) struct Window<H> {
    unwrapper: SequenceUnwrapper,
    suspect: Option<Slot<H>>,
    /// Sequence number of the first slot; meaningless before the first packet.
    head: u64,
    slots: VecDeque<Option<Slot<H>>>,
    /// Sequence numbers in the order of arrival; those below `head` are dropped when they come to the front.
    arrivals: VecDeque<(u64, Instant)>,
    bytes: usize,
    /// The last holes in a row that were taken out, and since when a packet had waited behind them.
    given_up: Option<(Range<u64>, Instant)>,
    /// Whether something was taken out: until then packets from before the first arrival are welcome.
    consumed: bool,
    max_slots: usize,
    max_bytes: usize,
}

impl<H> Window<H> {
    pub(super) fn new(max_slots: usize, max_bytes: usize) -> Self {
        Self {
            unwrapper: SequenceUnwrapper::new(),
            suspect: None,
            head: 0,
            slots: VecDeque::new(),
            arrivals: VecDeque::new(),
            bytes: 0,
            given_up: None,
            consumed: false,
            max_slots,
            max_bytes,
        }
    }

    /// Puts an arrived packet in its place.
    pub(super) fn insert(&mut self, now: Instant, packet: MediaPacket, hints: H) -> Inserted {
        let position = self.unwrapper.unwrap(packet.sequence_number);
        let slot = Slot { packet, arrival: now, hints };
        match position {
            Position::Suspect => {
                self.suspect = Some(slot);
                Inserted::Suspect
            }
            Position::Running(sequence) => {
                if self.slots.is_empty() && !self.consumed {
                    self.head = sequence;
                }
                self.place(sequence, slot)
            }
            Position::Restarted(sequence) => {
                self.slots.clear();
                self.arrivals.clear();
                (self.bytes, self.consumed, self.head) = (0, true, sequence);
                if let Some(suspect) = self.suspect.take() {
                    self.head = sequence.saturating_sub(1);
                    self.place(self.head, suspect);
                }
                self.place(sequence, slot);
                Inserted::Restarted
            }
        }
    }

    fn place(&mut self, sequence: u64, slot: Slot<H>) -> Inserted {
        if sequence < self.head {
            let missing = (self.head - sequence) as usize;
            if self.consumed || missing + self.slots.len() > self.max_slots {
                let given_up = self.given_up.as_ref().filter(|(range, _)| range.contains(&sequence));
                let lateness = given_up.map(|(_, since)| slot.arrival.saturating_duration_since(*since));
                return Inserted::Late { lateness };
            }
            (0..missing).for_each(|_| self.slots.push_front(None));
            self.head = sequence;
        }
        let index = (sequence - self.head) as usize;
        let newest = index >= self.slots.len();
        if newest {
            self.slots.resize_with(index + 1, || None);
        }
        let lateness = self.lateness(index, slot.arrival);
        let Some(place) = self.slots.get_mut(index) else { return Inserted::Duplicate };
        if place.is_some() {
            return Inserted::Duplicate;
        }
        self.bytes += slot.packet.payload.len();
        self.arrivals.push_back((sequence, slot.arrival));
        *place = Some(slot);
        if newest { Inserted::Newest } else { Inserted::Filled { lateness } }
    }

    /// How long before `now` the nearest packet behind `index` arrived.
    fn lateness(&self, index: usize, now: Instant) -> Duration {
        let follower = self.slots.range((index + 1).min(self.slots.len())..).flatten().next();
        follower.map_or(Duration::ZERO, |slot| now.saturating_duration_since(slot.arrival))
    }

    /// Whether the window holds more than it may; something must be taken out then.
    pub(super) fn is_over_bounds(&self) -> bool {
        self.slots.len() > self.max_slots || self.bytes > self.max_bytes
    }

    /// The packet `index` places behind the head, if it is there.
    pub(super) fn get(&self, index: usize) -> Option<&Slot<H>> {
        self.slots.get(index)?.as_ref()
    }

    /// Places in the window, holes among them.
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Sequence number of the first place.
    pub(super) fn head(&self) -> u64 {
        self.head
    }

    /// Takes the first place out of the window: `None` when it is empty, `Some(None)` for a hole.
    pub(super) fn pop(&mut self) -> Option<Option<Slot<H>>> {
        let slot = self.slots.pop_front()?;
        self.consumed = true;
        match &slot {
            Some(slot) => self.bytes -= slot.packet.payload.len(),
            None => self.note_given_up(),
        }
        self.head += 1;
        while self.arrivals.front().is_some_and(|(sequence, _)| *sequence < self.head) {
            self.arrivals.pop_front();
        }
        Some(slot)
    }

    fn note_given_up(&mut self) {
        let oldest_arrival = self.oldest_arrival();
        match (&mut self.given_up, oldest_arrival) {
            (Some((range, _)), _) if range.end == self.head => range.end += 1,
            (given_up, Some(since)) => *given_up = Some((self.head..self.head + 1, since)),
            _ => {}
        }
    }

    /// When the packet that is longest in the window arrived.
    pub(super) fn oldest_arrival(&self) -> Option<Instant> {
        self.arrivals.front().map(|(_, arrival)| *arrival)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn packet(sequence_number: u16) -> MediaPacket {
        MediaPacket { sequence_number, payload: Bytes::from_static(&[1; 10]), ..MediaPacket::default() }
    }

    fn insert(window: &mut Window<()>, now: Instant, sequence_number: u16) -> Inserted {
        window.insert(now, packet(sequence_number), ())
    }

    #[test]
    fn packets_are_placed_whatever_their_order() {
        let now = Instant::now();
        let later = now + Duration::from_millis(7);
        let mut window = Window::new(100, 1_000);
        assert_eq!(insert(&mut window, now, 65_535), Inserted::Newest);
        assert_eq!(insert(&mut window, now, 1), Inserted::Newest);
        assert_eq!(insert(&mut window, later, 0), Inserted::Filled { lateness: Duration::from_millis(7) });
        assert_eq!(insert(&mut window, later, 0), Inserted::Duplicate);
        assert_eq!(insert(&mut window, later, 65_533), Inserted::Filled { lateness: Duration::from_millis(7) });
        let numbers: Vec<Option<u16>> =
            std::iter::from_fn(|| window.pop()).map(|slot| slot.map(|slot| slot.packet.sequence_number)).collect();
        assert_eq!(numbers, [Some(65_533), None, Some(65_535), Some(0), Some(1)]);
        assert_eq!(insert(&mut window, later, 1), Inserted::Late { lateness: None });
        let lateness = Some(Duration::from_millis(7));
        assert_eq!(insert(&mut window, later, 65_534), Inserted::Late { lateness });
        assert_eq!((window.bytes, window.arrivals.len()), (0, 0));
    }

    #[test]
    fn the_longest_waiting_packet_is_known() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut window = Window::new(100, 1_000);
        [(0, 1), (1, 4), (2, 3), (3, 2)]
            .iter()
            .for_each(|(ms, n)| assert_ne!(insert(&mut window, at(*ms), *n), Inserted::Duplicate));
        assert_eq!(window.oldest_arrival(), Some(at(0)));
        window.pop();
        assert_eq!(window.oldest_arrival(), Some(at(1)));
        window.pop();
        window.pop();
        assert_eq!(window.oldest_arrival(), Some(at(1)));
    }

    #[test]
    fn hostile_70_a_restarted_sequence_replaces_the_window() {
        let now = Instant::now();
        let mut window = Window::new(100, 1_000);
        insert(&mut window, now, 100);
        assert_eq!(insert(&mut window, now, 40_000), Inserted::Suspect);
        assert_eq!(insert(&mut window, now, 40_001), Inserted::Restarted);
        assert_eq!((window.len(), window.get(0).unwrap().packet.sequence_number), (2, 40_000));
        assert_eq!(window.bytes, 20);
    }

    #[test]
    fn bounds_in_places_and_bytes_are_reported() {
        let now = Instant::now();
        let mut window = Window::new(10, 1_000);
        insert(&mut window, now, 1);
        insert(&mut window, now, 10);
        assert!(!window.is_over_bounds());
        insert(&mut window, now, 11);
        assert!(window.is_over_bounds());
        window.pop();
        assert!(!window.is_over_bounds());
        let mut window = Window::new(10, 25);
        (0..3).for_each(|n| assert_eq!(insert(&mut window, now, n), Inserted::Newest));
        assert!(window.is_over_bounds());
    }
}
