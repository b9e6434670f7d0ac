//! Codec codes of enhanced RTMP (version 2, `VideoFourCc` and `AudioFourCc`).

use rtmp_gateway_media::{FourCc, TrackKind};

/// H.264.
pub const AVC: FourCc = FourCc(*b"avc1");
/// H.265.
pub const HEVC: FourCc = FourCc(*b"hvc1");
/// H.266.
pub const VVC: FourCc = FourCc(*b"vvc1");
/// AV1.
pub const AV1: FourCc = FourCc(*b"av01");
/// VP8.
pub const VP8: FourCc = FourCc(*b"vp08");
/// VP9.
pub const VP9: FourCc = FourCc(*b"vp09");
/// AAC.
pub const AAC: FourCc = FourCc(*b"mp4a");
/// Opus.
pub const OPUS: FourCc = FourCc(*b"Opus");
/// MP3.
pub const MP3: FourCc = FourCc(*b".mp3");
/// FLAC.
pub const FLAC: FourCc = FourCc(*b"fLaC");
/// AC-3.
pub const AC3: FourCc = FourCc(*b"ac-3");
/// E-AC-3.
pub const EAC3: FourCc = FourCc(*b"ec-3");

/// Whether enhanced RTMP defines `code` for tracks of `kind`.
pub fn is_known(code: FourCc, kind: TrackKind) -> bool {
    match kind {
        TrackKind::Video => [AVC, HEVC, VVC, AV1, VP8, VP9].contains(&code),
        TrackKind::Audio => [AAC, OPUS, MP3, FLAC, AC3, EAC3].contains(&code),
    }
}

/// Whether coded frames of `code` may carry a composition time offset (codecs that reorder pictures).
pub fn has_composition_time(code: FourCc) -> bool {
    [AVC, HEVC, VVC].contains(&code)
}
