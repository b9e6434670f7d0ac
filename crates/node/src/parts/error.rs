//! Errors as JavaScript sees them: `error.code` is a `GW_*` code, the message is `GW_CODE: text`.

use std::fmt::Display;

/// What the parts return; the status becomes the `code` of the thrown `Error`.
pub(super) type Result<T> = std::result::Result<T, napi::Error<&'static str>>;

/// An argument outside its range.
pub(super) const ARGUMENT: &str = "GW_ARGUMENT_INVALID";
/// Bytes that are not an RTMP chunk stream.
pub(super) const RTMP: &str = "GW_RTMP_INVALID";
/// Bytes that are not an RTP packet.
pub(super) const RTP: &str = "GW_RTP_INVALID";
/// Bytes that are not H.264 of the form asked for.
pub(super) const H264: &str = "GW_H264_INVALID";
/// Bytes that are not an AAC configuration.
pub(super) const AAC: &str = "GW_AAC_INVALID";
/// Bytes that are not an Opus packet.
pub(super) const OPUS: &str = "GW_OPUS_INVALID";

/// An error to throw.
pub(super) fn error(code: &'static str, text: impl Display) -> napi::Error<&'static str> {
    napi::Error::new(code, format!("{code}: {text}"))
}
