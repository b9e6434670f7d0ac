//! Why a publisher's tag was dropped.

use rtmp_gateway_flv::FlvError;
use rtmp_gateway_media::{ConfigError, NalError, TrackKind};
use thiserror::Error;

/// A tag that was dropped; the stream goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RtmpToUnitsError {
    /// The tag itself could not be parsed.
    #[error(transparent)]
    Tag(#[from] FlvError),
    /// A sequence header that cannot be used; the track stays silent until a good one.
    #[error("{} configuration: {error}", match kind { TrackKind::Audio => "audio", TrackKind::Video => "video" })]
    Config {
        /// Which track.
        kind: TrackKind,
        /// What is wrong with it.
        error: ConfigError,
    },
    /// A video frame whose NAL units cannot be told apart; video resumes at the next keyframe.
    #[error("damaged video frame: {0}")]
    Damaged(NalError),
}

impl RtmpToUnitsError {
    /// A stable code for logs, counters and what the publisher is told.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Tag(error) => error.code(),
            Self::Config { .. } => "CODEC_CONFIG_BAD",
            Self::Damaged(_) => "FRAME_DAMAGED",
        }
    }
}
