//! Jitter buffers for JavaScript: what both share (options, packets, counters). Time is an argument, in milliseconds.

mod audio;
mod video;

pub use audio::AudioJitterBuffer;
pub use video::VideoJitterBuffer;

use super::argument::{count, integer, milliseconds, word};
use super::error::{ARGUMENT, Result, error};
use bytes::Bytes;
use napi::bindgen_prelude::Uint8Array;
use napi_derive::napi;
use rtmp_gateway_rtp::MediaPacket;
use rtmp_gateway_rtp::jitter::{JitterConfig, JitterStatistics, MAX_LATENCY};
use std::time::Duration;

/// How a jitter buffer waits behind a hole.
#[napi(object, object_to_js = false)]
pub struct JitterBufferOptions {
    /// The longest wait in milliseconds, 0 to 250; 250 by default.
    pub max_latency_ms: Option<f64>,
    /// Whether lost packets are sent again (NACK was negotiated); true by default. Then a hole is worth the whole of
    /// `maxLatencyMs`; else only reordering fills holes, and the wait follows the measured jitter.
    pub retransmission: Option<bool>,
}

/// An arrived packet, as far as a jitter buffer cares; an `RtpPacket` is one.
#[napi(object, object_to_js = false)]
pub struct JitterPacketInput {
    /// The RTP sequence number, 0 to 65535.
    pub sequence_number: f64,
    /// The RTP timestamp, 0 to 2^32 - 1.
    pub timestamp: f64,
    /// The marker bit.
    pub marker: bool,
    // Last, so that no getter of another field runs between taking its memory and reading it.
    /// The payload without padding; copied once.
    pub payload: Uint8Array,
}

/// Counters of a source since its start.
#[napi(object, object_from_js = false)]
pub struct JitterBufferStatistics {
    /// Packets that arrived, all of them.
    pub received: i64,
    /// Packets that had arrived before.
    pub duplicates: i64,
    /// Packets that arrived after their place was given up or handed out.
    pub late: i64,
    /// Packets that were given up.
    pub lost: i64,
    /// Packets whose payload breaks its format.
    pub broken: i64,
    /// Packets far outside the running sequence, dropped as strays.
    pub strays: i64,
    /// How often the sender restarted its sequence.
    pub restarts: i64,
    /// Interarrival jitter in milliseconds (RFC 3550 section 6.4.1).
    pub jitter_ms: f64,
}

impl From<JitterStatistics> for JitterBufferStatistics {
    fn from(statistics: JitterStatistics) -> Self {
        Self {
            received: count(statistics.received),
            duplicates: count(statistics.duplicates),
            late: count(statistics.late),
            lost: count(statistics.lost),
            broken: count(statistics.broken),
            strays: count(statistics.strays),
            restarts: count(statistics.restarts),
            jitter_ms: milliseconds(statistics.jitter),
        }
    }
}

fn config(options: Option<JitterBufferOptions>) -> Result<JitterConfig> {
    let mut config = JitterConfig::default();
    let Some(options) = options else { return Ok(config) };
    if let Some(latency) = options.max_latency_ms {
        let most = milliseconds(MAX_LATENCY);
        let wanted = || error(ARGUMENT, format_args!("maxLatencyMs is {latency}, 0 to {most} ms are wanted"));
        let duration = Duration::try_from_secs_f64(latency / 1_000.0).map_err(|_| wanted())?;
        config.max_latency = Some(duration).filter(|duration| *duration <= MAX_LATENCY).ok_or_else(wanted)?;
    }
    config.retransmission = options.retransmission.unwrap_or(config.retransmission);
    Ok(config)
}

fn packet(packet: &JitterPacketInput) -> Result<MediaPacket> {
    Ok(MediaPacket {
        sequence_number: word("sequenceNumber", packet.sequence_number)?,
        timestamp: integer("timestamp", packet.timestamp, 0..=u32::MAX)?,
        marker: packet.marker,
        payload: Bytes::copy_from_slice(&packet.payload),
    })
}
