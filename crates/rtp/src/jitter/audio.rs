//! The Opus jitter buffer: packets in order, losses reported so that they can be concealed (RFC 7587, RFC 6716 section 4).

use super::estimator::JitterEstimator;
use super::window::{Inserted, Window};
use super::{JitterConfig, JitterStatistics, MediaPacket};
use crate::opus::{self, MAX_PACKET_SAMPLES, PacketInfo};
use crate::unwrap::TimestampUnwrapper;
use bytes::Bytes;
use std::time::Instant;

/// Packets held at most: 5 s of 10 ms packets, far beyond any wait.
const MAX_PACKETS: usize = 512;

/// Payload bytes held at most: 512 packets at 510 kbit/s and 20 ms.
const MAX_BYTES: usize = 1 << 20;

/// What the jitter buffer hands out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AudioEvent {
    /// The next packet.
    Packet(AudioPacket),
    /// Packets in front of the next one are lost. The next event is the packet behind the hole: its in-band FEC may hold
    /// the last of the lost ones; conceal the others.
    Lost(AudioLoss),
}

/// A packet in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AudioPacket {
    /// The RTP timestamp, unwrapped, in samples at 48 kHz; its low 32 bits are the packet's. Further on than the end of
    /// the packet before when the sender was silent in between (DTX): that is no loss.
    pub timestamp: i64,
    /// The Opus packet; its framing is valid.
    pub payload: Bytes,
    /// What its framing says: duration, DTX, coder.
    pub info: PacketInfo,
    /// When it arrived.
    pub arrival: Instant,
}

/// A hole in the sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AudioLoss {
    /// Where the hole starts, on the time line of [`AudioPacket::timestamp`].
    pub timestamp: i64,
    /// Samples at 48 kHz to fill: up to the packet behind the hole, or what so many packets usually last when timestamps
    /// jump or the hole holds a silence.
    pub samples: u32,
    /// Packets lost, at least 1.
    pub packets: u32,
}

/// The jitter buffer of one Opus source (one SSRC).
///
/// After every [`Self::handle_packet`], and at [`Self::poll_timeout`], call [`Self::poll_audio`] until it gives `None`.
#[derive(Debug)]
pub struct AudioJitterBuffer {
    config: JitterConfig,
    window: Window<()>,
    timestamps: TimestampUnwrapper,
    estimator: JitterEstimator,
    statistics: JitterStatistics,
    /// The end of the packet handed out last, and its duration.
    last: Option<(i64, u32)>,
    /// Packets lost behind it.
    missing: u32,
    /// The packet behind a hole that was reported.
    next: Option<AudioPacket>,
}

impl AudioJitterBuffer {
    /// A buffer before its first packet.
    pub fn new(config: JitterConfig) -> Self {
        Self {
            config,
            window: Window::new(MAX_PACKETS, MAX_BYTES),
            timestamps: TimestampUnwrapper::new(),
            estimator: JitterEstimator::new(opus::CLOCK_RATE),
            statistics: JitterStatistics::default(),
            last: None,
            missing: 0,
            next: None,
        }
    }

    /// Takes an arrived packet, in any order.
    pub fn handle_packet(&mut self, now: Instant, packet: MediaPacket) {
        let timestamp = packet.timestamp;
        let inserted = self.window.insert(now, packet, ());
        self.statistics.count(inserted);
        self.estimator.handle(now, timestamp, inserted);
        if inserted == Inserted::Restarted {
            // How many packets are missing between two sequences is unknowable; the timestamps go on.
            self.missing = 0;
        }
        while self.window.is_over_bounds() {
            self.drop_head();
        }
    }

    /// The next packet or loss, if there is one.
    pub fn poll_audio(&mut self, now: Instant) -> Option<AudioEvent> {
        if let Some(packet) = self.next.take() {
            return Some(AudioEvent::Packet(packet));
        }
        loop {
            if self.window.get(0).is_none() {
                if self.poll_timeout().is_none_or(|deadline| deadline > now) {
                    return None;
                }
                self.drop_head();
                continue;
            }
            let slot = self.window.pop()??;
            if slot.packet.payload.is_empty() {
                // Only probes the bandwidth.
                continue;
            }
            let Ok(info) = PacketInfo::parse(&slot.packet.payload) else {
                self.statistics.broken += 1;
                self.missing += 1;
                continue;
            };
            let timestamp = self.timestamps.unwrap(slot.packet.timestamp);
            let packet = AudioPacket { timestamp, payload: slot.packet.payload, info, arrival: slot.arrival };
            let loss = self.loss_before(timestamp);
            self.last = Some((timestamp.saturating_add(i64::from(info.samples)), info.samples));
            self.missing = 0;
            let Some(loss) = loss else { return Some(AudioEvent::Packet(packet)) };
            self.next = Some(packet);
            return Some(AudioEvent::Lost(loss));
        }
    }

    /// When there may be something to poll without a packet arriving: the hole at the head is given up then.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let hole = self.window.len() > 0 && self.window.get(0).is_none();
        let waiting_since = self.window.oldest_arrival().filter(|_| hole)?;
        Some(waiting_since + self.estimator.wait(&self.config))
    }

    /// Counters since the start.
    pub fn statistics(&self) -> JitterStatistics {
        JitterStatistics { jitter: self.estimator.jitter(), ..self.statistics }
    }

    fn drop_head(&mut self) {
        if let Some(slot) = self.window.pop() {
            self.statistics.lost += u64::from(slot.is_none());
            self.missing = self.missing.saturating_add(1);
        }
    }

    /// The loss between the packet handed out last and one at `timestamp`.
    fn loss_before(&self, timestamp: i64) -> Option<AudioLoss> {
        let packets = self.missing;
        let (end, samples) = self.last.filter(|_| packets > 0)?;
        let samples = match u32::try_from(timestamp.saturating_sub(end)) {
            // What is missing took no time: packets that only probe the bandwidth.
            Ok(0) => return None,
            Ok(gap) if gap <= packets.saturating_mul(MAX_PACKET_SAMPLES) => gap,
            _ => packets.saturating_mul(samples),
        };
        Some(AudioLoss { timestamp: end, samples, packets })
    }
}

#[cfg(test)]
#[path = "audio_tests.rs"]
mod tests;
