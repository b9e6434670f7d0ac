//! `AudioJitterBuffer`: arrived Opus packets in order, losses reported so that they can be concealed (RFC 7587).

use super::super::argument::{Clock, buffer};
use super::super::error::Result;
use super::{JitterBufferOptions, JitterBufferStatistics, JitterPacketInput, config, packet};
use napi::bindgen_prelude::{Buffer, Either};
use napi_derive::napi;
use rtmp_gateway_rtp::jitter::{self, AudioEvent};

/// An Opus packet in order.
#[napi(object, object_from_js = false)]
pub struct AudioPacket {
    /// Tells it from an `AudioLoss`.
    #[napi(ts_type = "'packet'")]
    pub kind: &'static str,
    /// The RTP timestamp without wrapping, in samples at 48 kHz; modulo 2^32 it is the packet's. Further on than the end of
    /// the packet before when the sender was silent in between (DTX): that is no loss.
    pub timestamp: i64,
    /// The Opus packet; its framing is valid.
    pub payload: Buffer,
    /// Duration in samples at 48 kHz, 120 to 5760.
    pub samples: u32,
    /// Whether it carries no sound: comfort noise is to be played.
    pub dtx: bool,
    /// When it arrived, on the caller's clock.
    pub arrival_ms: f64,
}

/// A hole in front of the next packet, whose in-band FEC may hold the last of the lost ones; conceal the others.
#[napi(object, object_from_js = false)]
pub struct AudioLoss {
    /// Tells it from an `AudioPacket`.
    #[napi(ts_type = "'lost'")]
    pub kind: &'static str,
    /// Where the hole starts, on the time line of the packets.
    pub timestamp: i64,
    /// Samples at 48 kHz to fill.
    pub samples: u32,
    /// Packets lost, at least 1.
    pub packets: u32,
}

/// The jitter buffer of one Opus source (one SSRC).
///
/// After every `handlePacket`, and at `timeoutMs`, call `pollAudio` until it gives `null`. Every `nowMs` is milliseconds of
/// any one clock, `performance.now()` for instance; time that runs back stands still. It holds at most 512 packets and
/// 1 MiB.
#[napi]
pub struct AudioJitterBuffer {
    buffer: jitter::AudioJitterBuffer,
    clock: Clock,
}

#[napi]
impl AudioJitterBuffer {
    /// A buffer before its first packet.
    ///
    /// Throws `GW_ARGUMENT_INVALID` for an option out of range.
    #[napi(constructor, catch_unwind)]
    pub fn new(options: Option<JitterBufferOptions>) -> Result<Self> {
        Ok(Self { buffer: jitter::AudioJitterBuffer::new(config(options)?), clock: Clock::new() })
    }

    /// Takes an arrived packet, in any order. Payloads that are no Opus packets count as `broken` and as lost; empty ones
    /// only probe the bandwidth and are skipped.
    ///
    /// Throws `GW_ARGUMENT_INVALID` for a time or a field out of range.
    #[napi(catch_unwind)]
    pub fn handle_packet(&mut self, now_ms: f64, packet: JitterPacketInput) -> Result<()> {
        let packet = self::packet(&packet)?;
        self.buffer.handle_packet(self.clock.instant(now_ms)?, packet);
        Ok(())
    }

    /// The next packet or loss, or `null`. Payloads are not copied again.
    ///
    /// Throws `GW_ARGUMENT_INVALID` for a time out of range.
    #[napi(catch_unwind)]
    pub fn poll_audio(&mut self, now_ms: f64) -> Result<Option<Either<AudioPacket, AudioLoss>>> {
        let event = self.buffer.poll_audio(self.clock.instant(now_ms)?);
        Ok(event.map(|event| match event {
            AudioEvent::Packet(packet) => Either::A(AudioPacket {
                kind: "packet",
                timestamp: packet.timestamp,
                payload: buffer(packet.payload),
                samples: packet.info.samples,
                dtx: packet.info.dtx,
                arrival_ms: self.clock.milliseconds(packet.arrival),
            }),
            AudioEvent::Lost(loss) => Either::B(AudioLoss {
                kind: "lost",
                timestamp: loss.timestamp,
                samples: loss.samples,
                packets: loss.packets,
            }),
        }))
    }

    /// When to poll again if no packet arrives before, on the caller's clock; maybe in the past. `null`: not at all.
    #[napi(getter, catch_unwind)]
    pub fn timeout_ms(&self) -> Option<f64> {
        self.buffer.poll_timeout().map(|due| self.clock.milliseconds(due))
    }

    /// Counters since the start.
    #[napi(catch_unwind)]
    pub fn statistics(&self) -> JitterBufferStatistics {
        self.buffer.statistics().into()
    }
}
