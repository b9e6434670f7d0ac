//! H.264 configuration and forms (ISO/IEC 14496-15 section 5.3.3.1, ITU-T H.264 annex B).

use super::argument::{buffers, copied};
use super::error::{H264, Result, error};
use super::h264_packetizer::length_size;
use bytes::Bytes;
use napi::bindgen_prelude::{Buffer, Uint8Array};
use napi_derive::napi;
use rtmp_gateway_media::h264::{self, H264Config};

/// What an `AVCDecoderConfigurationRecord` says: the sequence header of RTMP and FLV, `avcC` of MP4.
#[napi(object, object_from_js = false)]
pub struct AvcConfig {
    /// Bytes of the length field in front of each NAL unit of the track: 1, 2 or 4.
    pub nal_length_size: u32,
    /// Sequence parameter sets, at least one, NAL header first.
    pub sps: Vec<Buffer>,
    /// Picture parameter sets, at least one, NAL header first.
    pub pps: Vec<Buffer>,
    /// `profile-level-id` for SDP, e.g. `42e01f` (RFC 6184 section 8.1); from the SPS.
    pub profile_level_id: String,
    /// Width in pixels, cropped.
    pub width: u32,
    /// Height in pixels, cropped.
    pub height: u32,
    /// Nominal frames a second, when the SPS says.
    pub frame_rate: Option<f64>,
}

/// Reads an `AVCDecoderConfigurationRecord` (ISO/IEC 14496-15 section 5.3.3.1). Parameter sets are copied.
///
/// Throws `GW_H264_INVALID` for truncated input, a length size of 3, missing or empty parameter sets and a first SPS that
/// does not parse; the message has the field and the byte offset.
#[napi(catch_unwind)]
pub fn parse_avc_config(record: &[u8]) -> Result<AvcConfig> {
    let config = H264Config::parse(Bytes::copy_from_slice(record)).map_err(|failed| error(H264, failed))?;
    Ok(AvcConfig {
        nal_length_size: config.nal_length_size() as u32,
        sps: buffers(config.sps()),
        pps: buffers(config.pps()),
        profile_level_id: config.profile_level_id().map(|byte| format!("{byte:02x}")).concat(),
        width: config.width(),
        height: config.height(),
        frame_rate: config.frame_rate(),
    })
}

/// The `AVCDecoderConfigurationRecord` of parameter sets (NAL header first, no start codes), for 4-byte lengths.
///
/// Throws `GW_H264_INVALID` when a kind is missing or empty, the first SPS does not parse, or there are more than 31 SPS or
/// 255 PPS.
#[napi(catch_unwind)]
pub fn build_avc_config(sps: Vec<Uint8Array>, pps: Vec<Uint8Array>) -> Result<Buffer> {
    let config = H264Config::from_parameter_sets(&copied(Some(sps)), &copied(Some(pps)));
    Ok(config.map_err(|failed| error(H264, failed))?.record().to_vec().into())
}

/// An AVCC access unit (NAL units behind lengths) as a byte stream with 4-byte start codes (ITU-T H.264 annex B).
/// `nalLengthSize` is 1, 2 or 4 (the default). Copied once.
///
/// Throws `GW_H264_INVALID` when a length field reaches beyond the access unit or is 0.
#[napi(catch_unwind)]
pub fn avcc_to_annex_b(
    access_unit: &[u8],
    #[napi(ts_arg_type = "1 | 2 | 4 | undefined | null")] nal_length_size: Option<f64>,
) -> Result<Buffer> {
    let size = length_size(nal_length_size)?;
    Ok(h264::avcc_to_annex_b(access_unit, size).map_err(|failed| error(H264, failed))?.into())
}

/// A byte stream with start codes (ITU-T H.264 annex B) as an AVCC access unit with 4-byte lengths. Bytes in front of the
/// first start code are skipped; a stream without one gives an empty Buffer. Copied once.
#[napi(catch_unwind)]
pub fn annex_b_to_avcc(stream: &[u8]) -> Buffer {
    h264::annex_b_to_avcc(stream).into()
}
