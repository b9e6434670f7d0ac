//! `H264Packetizer`: access units to RTP payloads (RFC 6184 sections 5.6, 5.7.1 and 5.8).

use super::argument::{copied, integer};
use super::error::{H264, Result, error};
use super::rtp::RtpPayload;
use bytes::Bytes;
use napi::bindgen_prelude::Uint8Array;
use napi_derive::napi;
use rtmp_gateway_rtp::DEFAULT_MAX_PAYLOAD_SIZE;
use rtmp_gateway_rtp::h264::{InBandParameterSets, PacketizationMode, Packetizer};

/// Bytes of a NAL unit's length field when nothing else is said.
const DEFAULT_NAL_LENGTH_SIZE: usize = 4;
/// Payload sizes that make sense: fragments below 64 bytes are nearly all header, a datagram holds 65,000 with headers.
const PAYLOAD_SIZES: std::ops::RangeInclusive<u32> = 64..=65_000;

/// How an `H264Packetizer` cuts.
#[napi(object, object_to_js = false)]
pub struct H264PacketizerOptions {
    /// What was negotiated as `packetization-mode` (RFC 6184 section 6): 0 one NAL unit a packet; 1, the default,
    /// aggregation (STAP-A) and fragmentation (FU-A).
    #[napi(ts_type = "0 | 1")]
    pub packetization_mode: Option<f64>,
    /// The largest payload in bytes, 64 to 65000; 1100 by default, which keeps IP packets with SRTP below 1200 bytes.
    pub max_payload_size: Option<f64>,
}

/// What goes with one access unit.
#[napi(object, object_to_js = false)]
pub struct H264PacketizeOptions {
    /// Bytes of the length field in front of each NAL unit: 1, 2 or 4 (the default). `AvcConfig` has it.
    #[napi(ts_type = "1 | 2 | 4")]
    pub nal_length_size: Option<f64>,
    /// Sequence parameter sets to send first; give them with each keyframe, as browsers want them in-band.
    pub sps: Option<Vec<Uint8Array>>,
    /// Picture parameter sets to send first.
    pub pps: Option<Vec<Uint8Array>>,
}

/// H.264 access units in AVCC form (as in FLV, MP4 and RTMP) to RTP payloads (RFC 6184).
/// It keeps nothing between access units: one object serves any number of streams.
#[napi]
pub struct H264Packetizer {
    packetizer: Packetizer,
}

/// A length field's size as ISO/IEC 14496-15 allows it.
pub(super) fn length_size(value: Option<f64>) -> Result<usize> {
    match value {
        None => Ok(DEFAULT_NAL_LENGTH_SIZE),
        Some(3.0) => Err(error(super::error::ARGUMENT, "nalLengthSize is 3, 1, 2 or 4 is wanted")),
        Some(value) => Ok(integer("nalLengthSize", value, 1..=4)? as usize),
    }
}

#[napi]
impl H264Packetizer {
    /// A packetizer.
    ///
    /// Throws `GW_ARGUMENT_INVALID` for an option out of range.
    #[napi(constructor, catch_unwind)]
    pub fn new(options: Option<H264PacketizerOptions>) -> Result<Self> {
        let (mode, size) =
            options.map_or((None, None), |options| (options.packetization_mode, options.max_payload_size));
        let mode = match mode.map(|mode| integer("packetizationMode", mode, 0..=1)).transpose()? {
            Some(0) => PacketizationMode::SingleNal,
            _ => PacketizationMode::NonInterleaved,
        };
        let size = match size {
            Some(size) => integer("maxPayloadSize", size, PAYLOAD_SIZES)? as usize,
            None => DEFAULT_MAX_PAYLOAD_SIZE,
        };
        Ok(Self { packetizer: Packetizer::new(mode, size) })
    }

    /// The payloads of one access unit in sending order; all go out with the same RTP timestamp (90 kHz), and the last
    /// is marked. Empty when nothing is left to send.
    ///
    /// Access unit delimiters and filler are dropped. Given parameter sets go first, aggregated, and replace those inside
    /// the access unit. The fragments of a NAL unit are equally long, but for the last. Bytes are copied into their
    /// packet, and with it into its Buffer.
    ///
    /// Throws `GW_H264_INVALID` when a length field reaches beyond the access unit or is 0 (the message has the byte
    /// offset), or when mode 0 has a NAL unit that fits no datagram; `GW_ARGUMENT_INVALID` for an option out of range.
    #[napi(catch_unwind)]
    pub fn packetize(&self, access_unit: &[u8], options: Option<H264PacketizeOptions>) -> Result<Vec<RtpPayload>> {
        let (size, sps, pps) = match options {
            Some(options) => (length_size(options.nal_length_size)?, copied(options.sps), copied(options.pps)),
            None => (DEFAULT_NAL_LENGTH_SIZE, Vec::new(), Vec::new()),
        };
        let sets: Option<(&[Bytes], &[Bytes])> = (!sps.is_empty() || !pps.is_empty()).then_some((&sps, &pps));
        let sets = sets.map(|(sps, pps)| InBandParameterSets { sps, pps });
        let payloads = self.packetizer.packetize(access_unit, size, sets).map_err(|failed| error(H264, failed))?;
        Ok(payloads.into_iter().map(Into::into).collect())
    }
}
