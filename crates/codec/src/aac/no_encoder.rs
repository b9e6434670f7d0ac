//! Stands in for the AAC encoder in builds without the cargo feature `fdk`: it only says what is missing.

use super::{AAC_FRAME, AacEncoderSettings};
use crate::CodecError;
use rtmp_gateway_media::AacConfig;

/// The AAC encoder of a build without one: it cannot be opened.
#[derive(Debug)]
pub struct AacEncoder {
    never: std::convert::Infallible,
}

impl AacEncoder {
    /// Always fails.
    ///
    /// # Errors
    /// [`CodecError::Setting`] for a setting outside its range, else [`CodecError::Unsupported`].
    pub fn new(settings: AacEncoderSettings) -> Result<Self, CodecError> {
        settings.check()?;
        Err(CodecError::unsupported("AAC encoding (this build lacks the cargo feature `fdk`)"))
    }

    /// The settings; unreachable.
    pub fn settings(&self) -> AacEncoderSettings {
        match self.never {}
    }

    /// The configuration of the stream; unreachable.
    pub fn config(&self) -> &AacConfig {
        match self.never {}
    }

    /// Samples of each channel that [`encode`](Self::encode) takes.
    pub fn frame_length(&self) -> usize {
        AAC_FRAME
    }

    /// The delay; unreachable.
    pub fn delay(&self) -> u32 {
        match self.never {}
    }

    /// Encodes; unreachable.
    ///
    /// # Errors
    /// None: it cannot be called.
    pub fn encode(&mut self, _pcm: &[f32], _access_unit: &mut Vec<u8>) -> Result<(), CodecError> {
        match self.never {}
    }
}
