//! AAC configuration (`AudioSpecificConfig`, ISO/IEC 14496-3 section 1.6.2.1).

use super::argument::{byte, integer};
use super::error::{AAC, Result, error};
use bytes::Bytes;
use napi::bindgen_prelude::Buffer;
use napi_derive::napi;
use rtmp_gateway_media::AacConfig;

/// What an `AudioSpecificConfig` says: the AAC sequence header of RTMP and FLV, `esds` of MP4.
#[napi(object, js_name = "AacConfig", object_from_js = false)]
pub struct ParsedAacConfig {
    /// The audio object type as signalled: 2 AAC-LC, 5 HE-AAC (SBR), 29 HE-AAC v2 (SBR and PS); 1, 3, 4 other AAC.
    pub object_type: u32,
    /// Output samples a second; with SBR usually twice the core's.
    pub sample_rate: u32,
    /// Samples a second of the core coder.
    pub core_sample_rate: u32,
    /// Output channels: 1 to 6 or 8. Parametric stereo makes two of one.
    pub channels: u32,
    /// Whether spectral band replication is signalled.
    pub sbr: bool,
    /// Whether parametric stereo is signalled.
    pub ps: bool,
    /// Whether SBR may be there without being signalled: only a decoder finds out, and the output rate doubles then.
    pub may_hide_sbr: bool,
    /// Output samples of each channel in a frame.
    pub samples_per_frame: u32,
}

/// Reads an `AudioSpecificConfig` (ISO/IEC 14496-3 section 1.6.2.1), with explicit and backward-compatible signalling of
/// SBR and PS.
///
/// Throws `GW_AAC_INVALID` for truncated input, reserved sampling rates, object types other than AAC (1 to 4, with SBR and
/// PS), and channel layouts that are given by a program config element.
#[napi(catch_unwind)]
pub fn parse_aac_config(record: &[u8]) -> Result<ParsedAacConfig> {
    let config = AacConfig::parse(Bytes::copy_from_slice(record)).map_err(|failed| error(AAC, failed))?;
    Ok(ParsedAacConfig {
        object_type: config.object_type().into(),
        sample_rate: config.sample_rate(),
        core_sample_rate: config.core_sample_rate(),
        channels: config.channels().into(),
        sbr: config.sbr(),
        ps: config.ps(),
        may_hide_sbr: config.may_hide_sbr(),
        samples_per_frame: config.samples_per_frame(),
    })
}

/// The `AudioSpecificConfig` of AAC-LC with frames of 1024 samples.
///
/// Throws `GW_ARGUMENT_INVALID` unless `sampleRate` is 1000 to 192000 Hz and `channels` 1 to 6 or 8.
#[napi(catch_unwind)]
pub fn build_aac_config(sample_rate: f64, channels: f64) -> Result<Buffer> {
    let sample_rate = integer("sampleRate", sample_rate, 1_000..=192_000)?;
    let channels = byte("channels", channels, 1..=8)?;
    let config = AacConfig::lc(sample_rate, channels).map_err(|failed| error(super::error::ARGUMENT, failed))?;
    Ok(config.record().to_vec().into())
}
