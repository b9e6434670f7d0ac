//! RTP packets (RFC 3550 section 5.1): `parseRtpPacket` and `writeRtpPacket`, and the payloads of the packetizers.

use super::argument::{byte, integer, word};
use super::error::{ARGUMENT, RTP, Result, error};
use bytes::Bytes;
use napi::bindgen_prelude::{Buffer, Uint8Array};
use napi_derive::napi;
use rtmp_gateway_rtp as rtp;

/// The longest payload that is written, in bytes: what a UDP datagram holds (65,535) is more than this and the headers.
const MAX_PAYLOAD_LENGTH: usize = 65_000;

/// What one RTP packet carries behind its header.
#[napi(object, object_from_js = false)]
pub struct RtpPayload {
    /// The payload, of its own memory.
    pub payload: Buffer,
    /// The marker bit of its packet: set on the last packet of a picture, or on the first packet behind silence.
    pub marker: bool,
}

impl From<rtp::RtpPayload> for RtpPayload {
    fn from(payload: rtp::RtpPayload) -> Self {
        Self { payload: payload.payload.to_vec().into(), marker: payload.marker }
    }
}

/// A received RTP packet.
#[napi(object, object_from_js = false)]
pub struct RtpPacket {
    /// The marker bit; the payload format says what it means.
    pub marker: bool,
    /// The payload type, 0 to 127.
    pub payload_type: u32,
    /// The sequence number, 0 to 65535; wraps.
    pub sequence_number: u32,
    /// The timestamp in ticks of the payload format's clock, 0 to 2^32 - 1; wraps.
    pub timestamp: u32,
    /// The synchronization source.
    pub ssrc: u32,
    /// Contributing sources, at most 15.
    pub csrc: Vec<u32>,
    /// The header extension (section 5.3.1), if there is one.
    pub extension: Option<RtpExtension>,
    /// What lies between header and padding, copied; empty in a packet that only probes the bandwidth.
    pub payload: Buffer,
    /// Bytes of padding behind the payload, its own count included; 0 for none.
    pub padding: u32,
}

/// An RTP header extension (RFC 3550 section 5.3.1; its elements are those of RFC 8285).
#[napi(object, object_from_js = false)]
pub struct RtpExtension {
    /// Which form the data has: 0xbede for elements with one-byte headers, 0x1000 to 0x100f for two-byte ones.
    pub profile: u32,
    /// The data, copied; a multiple of four bytes.
    pub data: Buffer,
}

/// An RTP packet to write; an `RtpPacket` is one, but only these fields of it are written.
#[napi(object, object_to_js = false)]
pub struct RtpPacketInput {
    /// The marker bit; not set by default.
    pub marker: Option<bool>,
    /// The payload type, 0 to 127.
    pub payload_type: f64,
    /// The sequence number, 0 to 65535: one more than that of the packet before, modulo 2^16.
    pub sequence_number: f64,
    /// The timestamp, 0 to 2^32 - 1, in ticks: 90 kHz for video, 48 kHz for Opus.
    pub timestamp: f64,
    /// The synchronization source, 0 to 2^32 - 1.
    pub ssrc: f64,
    // Last, so that no getter of another field runs between taking its memory and reading it.
    /// The payload, at most 65000 bytes.
    pub payload: Uint8Array,
}

/// Reads a datagram as an RTP packet (RFC 3550 section 5.1). Payload and extension are copied once.
///
/// Throws `GW_RTP_INVALID` when it is not of version 2, ends inside its header, or has a padding count that cannot be.
/// RTCP on the same port looks like RTP of payload types 64 to 95 (RFC 5761): sort it out before.
#[napi(catch_unwind)]
pub fn parse_rtp_packet(datagram: &[u8]) -> Result<RtpPacket> {
    let packet = rtp::RtpPacket::parse(Bytes::copy_from_slice(datagram)).map_err(|failed| error(RTP, failed))?;
    let rtp::RtpPacket { header, payload, padding } = packet;
    Ok(RtpPacket {
        marker: header.marker,
        payload_type: header.payload_type.into(),
        sequence_number: header.sequence_number.into(),
        timestamp: header.timestamp,
        ssrc: header.ssrc,
        csrc: header.csrc,
        extension: header
            .extension
            .map(|extension| RtpExtension { profile: extension.profile.into(), data: extension.data.to_vec().into() }),
        payload: payload.to_vec().into(),
        padding: padding.into(),
    })
}

/// The bytes of an RTP packet: 12 bytes of header (RFC 3550 section 5.1) and the payload.
///
/// Throws `GW_ARGUMENT_INVALID` for a field out of range.
#[napi(catch_unwind)]
pub fn write_rtp_packet(packet: RtpPacketInput) -> Result<Buffer> {
    let header = rtp::RtpHeader {
        marker: packet.marker.unwrap_or(false),
        payload_type: byte("payloadType", packet.payload_type, 0..=127)?,
        sequence_number: word("sequenceNumber", packet.sequence_number)?,
        timestamp: integer("timestamp", packet.timestamp, 0..=u32::MAX)?,
        ssrc: integer("ssrc", packet.ssrc, 0..=u32::MAX)?,
        ..Default::default()
    };
    let length = packet.payload.len();
    if length > MAX_PAYLOAD_LENGTH {
        return Err(error(ARGUMENT, format_args!("payload has {length} bytes, at most {MAX_PAYLOAD_LENGTH} fit")));
    }
    let mut out = Vec::new();
    let packet = rtp::RtpPacket { header, payload: Bytes::copy_from_slice(&packet.payload), padding: 0 };
    packet.write(&mut out).map_err(|failed| error(ARGUMENT, failed))?;
    Ok(out.into())
}
