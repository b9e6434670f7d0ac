//! Why an offer or a fragment was refused, with stable codes for the HTTP side.

/// Why an offer could not be answered. The text never repeats bytes of the offer, so that it is safe to log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// The text is longer than [`super::MAX_SDP`].
    #[error("the SDP has {bytes} bytes, more than {} are not read", super::MAX_SDP)]
    TooLarge {
        /// Its length.
        bytes: usize,
    },
    /// A line could not be understood.
    #[error("SDP line {line}: {reason}")]
    Invalid {
        /// Which line, from 1; 0 when it is about the text as a whole.
        line: usize,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The offer asks for media without DTLS-SRTP, or gives nothing to authenticate the peer with.
    #[error("SDP line {line}: {reason}")]
    Insecure {
        /// Which line, from 1; 0 when it is about the text as a whole.
        line: usize,
        /// What is missing.
        reason: &'static str,
    },
    /// Nothing of what the stream has is in the offer.
    #[error("the offer has no codec in common with the stream: H.264 video or Opus audio is needed")]
    NoCommonCodec,
    /// A publisher offers video, but not in H.264.
    #[error("the offered video codec is not supported: H.264 is needed")]
    UnsupportedVideoCodec,
    /// Ours, not the peer's: the WebRTC library refused the negotiation.
    #[error("the session could not be set up: {reason}")]
    Internal {
        /// The library's words.
        reason: String,
    },
}

impl SetupError {
    /// The stable code for API answers and logs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } | Self::Invalid { .. } => "GW_SDP_INVALID",
            Self::Insecure { .. } => "GW_SDP_INSECURE",
            Self::NoCommonCodec => "GW_NO_COMMON_CODEC",
            Self::UnsupportedVideoCodec => "GW_UNSUPPORTED_VIDEO_CODEC",
            Self::Internal { .. } => "GW_INTERNAL",
        }
    }

    pub(super) const fn invalid(line: usize, reason: &'static str) -> Self {
        Self::Invalid { line, reason }
    }
}

impl From<crate::webrtc::IdentityError> for SetupError {
    fn from(error: crate::webrtc::IdentityError) -> Self {
        Self::Internal { reason: error.to_string() }
    }
}
