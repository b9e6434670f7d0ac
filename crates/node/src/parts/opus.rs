//! Opus packets (RFC 6716 section 3) and their RTP payloads (RFC 7587): `parseOpusPacket` and `OpusPacketizer`.

use super::error::{OPUS, Result, error};
use napi::bindgen_prelude::Buffer;
use napi_derive::napi;
use rtmp_gateway_rtp::opus::{Bandwidth, Mode, PacketInfo, Packetizer};

/// What an Opus packet's framing says, without decoding it.
#[napi(object, object_from_js = false)]
pub struct OpusPacketInfo {
    /// Which of Opus's coders made it.
    #[napi(ts_type = "'silk' | 'hybrid' | 'celt'")]
    pub mode: &'static str,
    /// The coded bandwidth in Hz: 4000, 6000, 8000, 12000 or 20000. Timestamps count 48 kHz all the same.
    pub bandwidth: u32,
    /// Whether it was coded in stereo.
    pub stereo: bool,
    /// Frames in the packet, 1 to 48.
    pub frames: u32,
    /// Duration in samples at 48 kHz, 120 to 5760 (2.5 to 120 ms).
    pub samples: u32,
    /// Whether no frame carries sound: the encoder transmits discontinuously, comfort noise is to be played.
    pub dtx: bool,
}

impl From<PacketInfo> for OpusPacketInfo {
    fn from(info: PacketInfo) -> Self {
        Self {
            mode: match info.toc.mode() {
                Mode::Silk => "silk",
                Mode::Hybrid => "hybrid",
                Mode::Celt => "celt",
            },
            bandwidth: match info.toc.bandwidth() {
                Bandwidth::Narrow => 4_000,
                Bandwidth::Medium => 6_000,
                Bandwidth::Wide => 8_000,
                Bandwidth::SuperWide => 12_000,
                Bandwidth::Full => 20_000,
            },
            stereo: info.toc.stereo(),
            frames: info.frames.into(),
            samples: info.samples,
            dtx: info.dtx,
        }
    }
}

/// Checks the framing of an Opus packet (rules R1 to R7 of RFC 6716 section 3.4) and reads what it says.
///
/// Throws `GW_OPUS_INVALID` when it breaks a rule; such a packet must not reach a decoder.
#[napi(catch_unwind)]
pub fn parse_opus_packet(packet: &[u8]) -> Result<OpusPacketInfo> {
    PacketInfo::parse(packet).map(Into::into).map_err(|failed| error(OPUS, failed))
}

/// The RTP payload of one Opus packet.
#[napi(object, object_from_js = false)]
pub struct OpusPayload {
    /// The payload, of its own memory: the packet as it is.
    pub payload: Buffer,
    /// The marker bit: set where sound begins or returns behind silence (RFC 7587 section 4.2).
    pub marker: bool,
    /// Duration in samples at 48 kHz: how far the next packet's timestamp is on.
    pub samples: u32,
}

/// Opus packets of one stream to RTP payloads (RFC 7587 section 4): one packet each.
#[napi]
#[derive(Default)]
pub struct OpusPacketizer {
    packetizer: Packetizer,
}

#[napi]
impl OpusPacketizer {
    /// A packetizer at the start of a stream: the first packet with sound will be marked.
    #[napi(constructor, catch_unwind)]
    pub fn new() -> Self {
        Self::default()
    }

    /// The payload of one packet.
    ///
    /// Throws `GW_OPUS_INVALID` when it breaks RFC 6716 section 3.4; it is not to be sent then, and the stream goes on
    /// with the next one.
    #[napi(catch_unwind)]
    pub fn packetize(&mut self, packet: &[u8]) -> Result<OpusPayload> {
        let (payload, samples) = self.packetizer.packetize(packet).map_err(|failed| error(OPUS, failed))?;
        Ok(OpusPayload { payload: payload.payload.to_vec().into(), marker: payload.marker, samples })
    }
}
