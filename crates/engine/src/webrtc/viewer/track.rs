//! One outgoing RTP stream of a viewer: its own sequence numbers and timestamp offset (RFC 3550 section 5.1).

use crate::webrtc::setup::Track;
use crate::webrtc::{PacketizedUnit, crypto};
use std::time::{Duration, Instant};
use str0m::Rtc;
use str0m::media::{ExtensionValues, MediaTime};
use str0m::rtp::RtpWrite;

/// Sent packets are kept this long for retransmission: longer ones come too late for a live picture.
const REPAIR_AGE: Duration = Duration::from_secs(1);
/// The most packets kept for retransmission: one second of 9 Mbit/s. A slower stream keeps less, by age.
const REPAIR_PACKETS: usize = 1_024;
/// The share of repair packets above which repairs stop: at 20 % loss, repairs and repairs of repairs need 0.2.
const REPAIR_RATIO: f32 = 0.5;

/// See the module.
#[derive(Debug)]
pub(super) struct OutgoingTrack {
    pub(super) track: Track,
    clock_rate: u32,
    declared: bool,
    sequence: u64,
    offset: u32,
    last: Option<(u32, Instant)>,
    rebase: bool,
}

impl OutgoingTrack {
    pub(super) fn new(track: Track, clock_rate: u32) -> Self {
        let mut random = [0; 8];
        // Without randomness the stream starts at 0: RFC 3550 wants it unpredictable only against plaintext attacks.
        let _ = crypto::random(&mut random);
        let [a, b, c, d, e, f, _, _] = random;
        // The first sequence number stays well below 2^16: the receiver assumes that none has wrapped before.
        let sequence = u64::from(u16::from_be_bytes([e, f]) >> 1);
        let offset = u32::from_be_bytes([a, b, c, d]);
        Self { track, clock_rate, declared: false, sequence, offset, last: None, rebase: false }
    }

    /// The next unit has another time line: its timestamp continues from the last one by the time that passed.
    pub(super) fn rebase(&mut self) {
        self.rebase = self.last.is_some();
    }

    /// Whether the connection knows the stream already.
    pub(super) fn is_declared(&self) -> bool {
        self.declared
    }

    /// Writes a unit's packets to the connection, dated later by `postponed`; `wallclock` is that later time and must not
    /// lie in the future.
    pub(super) fn write(
        &mut self,
        rtc: &mut Rtc,
        now: Instant,
        unit: &PacketizedUnit,
        postponed: Duration,
        wallclock: Instant,
    ) {
        let postponed = postponed.as_micros() * u128::from(self.clock_rate) / 1_000_000;
        // RTP's 32 bits of the unwrapped timestamp.
        let raw = (unit.rtp_timestamp as u32).wrapping_add(postponed as u32);
        if std::mem::take(&mut self.rebase)
            && let Some((timestamp, at)) = self.last
        {
            let passed = now.saturating_duration_since(at).as_micros() * u128::from(self.clock_rate) / 1_000_000;
            self.offset = timestamp.wrapping_add(passed as u32).wrapping_sub(raw);
        }
        let timestamp = raw.wrapping_add(self.offset);
        self.last = Some((timestamp, now));
        let Track { mid, payload, ssrc, repair_ssrc, low_latency } = self.track;
        let delay = low_latency.then_some(MediaTime::ZERO);
        let mut api = rtc.direct_api();
        if !std::mem::replace(&mut self.declared, true) {
            let stream = api.declare_stream_tx(ssrc, repair_ssrc, mid, None);
            stream.set_rtx_cache(REPAIR_PACKETS, REPAIR_AGE, Some(REPAIR_RATIO));
            stream.set_unpaced(true);
        }
        let Some(stream) = api.stream_tx(&ssrc) else { return };
        for packet in &unit.payloads {
            let write = RtpWrite::new(payload, self.sequence.into(), timestamp, wallclock, packet.payload.clone())
                .marker(packet.marker)
                .ext_vals(ExtensionValues { play_delay_min: delay, play_delay_max: delay, ..Default::default() })
                .nackable(repair_ssrc.is_some());
            stream.write_rtp(write);
            self.sequence += 1;
        }
    }
}
