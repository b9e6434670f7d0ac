//! What can go wrong in a codec: one enum for the crate, each variant with what and where.

/// An error of a codec or of a transcoder. Input of the network never panics: it becomes one of these.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// The stream is well formed, but this build does not decode or encode it (`what` says what and, if a cargo
    /// feature is missing, which).
    #[error("unsupported: {what}")]
    Unsupported {
        /// What is not supported, for people.
        what: String,
    },
    /// A setting is outside its range.
    #[error("{setting} = {value} is outside {range}")]
    Setting {
        /// The name of the setting.
        setting: &'static str,
        /// The value that was asked for.
        value: i64,
        /// The range that is accepted, for people.
        range: &'static str,
    },
    /// A coded frame cannot be decoded; the stream goes on with the next one.
    #[error("{codec} frame {frame} ({length} bytes): {reason}")]
    Decode {
        /// "AAC" or "Opus".
        codec: &'static str,
        /// Count of frames that this decoder was given before this one.
        frame: u64,
        /// Length of the frame in bytes.
        length: usize,
        /// What the decoder said.
        reason: String,
    },
    /// A codec library could not be set up or failed at its own work (out of memory, internal error).
    #[error("{library} {call} failed with code {code}")]
    Library {
        /// "libopus", "FDK AAC" or "rubato".
        library: &'static str,
        /// The call that failed.
        call: &'static str,
        /// The code that the library gave.
        code: i64,
    },
    /// PCM was given in a shape that the codec does not take.
    #[error("{samples} samples given where {expected} are taken")]
    PcmShape {
        /// Samples given (all channels).
        samples: usize,
        /// Samples that the call takes (all channels).
        expected: usize,
    },
    /// A unit of another codec was pushed into a transcoder.
    #[error("a unit of {found} was given to a transcoder from {expected}")]
    WrongCodec {
        /// The codec of the unit.
        found: String,
        /// The codec that the transcoder takes.
        expected: &'static str,
    },
}

impl CodecError {
    /// An [`Unsupported`](Self::Unsupported) of `what`.
    pub(crate) fn unsupported(what: impl Into<String>) -> Self {
        Self::Unsupported { what: what.into() }
    }
}
