//! What the two encoders have in common for a transcoder, so that one output path serves both.

use super::settings::{AacPolicy, ChannelPolicy, OpusPolicy};
use crate::CodecError;
use crate::aac::AacEncoder;
use crate::opus::{OPUS_FRAME, OpusEncoder};
use rtmp_gateway_media::{CodecConfig, OpusConfig};
use std::fmt::Debug;

/// Opus packets up to this length are DTX: nothing that needs to be sent (libopus's documentation of `opus_encode`).
const DTX_LENGTH: usize = 2;

/// An encoder of interleaved PCM at 48 kHz.
pub(super) trait Encoding: Debug + Sized {
    type Policy: Debug + Copy;

    fn channel_policy(policy: &Self::Policy) -> ChannelPolicy;

    fn open(policy: &Self::Policy, channels: u8) -> Result<Self, CodecError>;

    /// Applies what can change while running.
    fn reconfigure(&mut self, policy: &Self::Policy, channels: u8) -> Result<(), CodecError>;

    fn config(&self) -> CodecConfig;

    /// Samples of each channel that one call takes.
    fn frame_length(&self) -> usize;

    /// Samples that the decoded signal lags behind.
    fn delay(&self) -> u32;

    fn encode(&mut self, pcm: &[f32], packet: &mut Vec<u8>) -> Result<(), CodecError>;

    /// Whether `packet` says nothing and is not to be sent.
    fn is_nothing(&self, packet: &[u8]) -> bool;
}

impl Encoding for OpusEncoder {
    type Policy = OpusPolicy;

    fn channel_policy(policy: &OpusPolicy) -> ChannelPolicy {
        policy.channels
    }

    fn open(policy: &OpusPolicy, channels: u8) -> Result<Self, CodecError> {
        Self::new(policy.encoder_settings(channels))
    }

    fn reconfigure(&mut self, policy: &OpusPolicy, channels: u8) -> Result<(), CodecError> {
        let mut settings = policy.encoder_settings(channels);
        settings.application = self.settings().application;
        Self::reconfigure(self, settings)
    }

    fn config(&self) -> CodecConfig {
        let pre_skip = u16::try_from(self.look_ahead()).unwrap_or(u16::MAX);
        CodecConfig::Opus(OpusConfig { channels: self.settings().channels, pre_skip })
    }

    fn frame_length(&self) -> usize {
        OPUS_FRAME
    }

    fn delay(&self) -> u32 {
        self.look_ahead()
    }

    fn encode(&mut self, pcm: &[f32], packet: &mut Vec<u8>) -> Result<(), CodecError> {
        Self::encode(self, pcm, packet)
    }

    fn is_nothing(&self, packet: &[u8]) -> bool {
        packet.is_empty() || self.settings().dtx && packet.len() <= DTX_LENGTH
    }
}

impl Encoding for AacEncoder {
    type Policy = AacPolicy;

    fn channel_policy(policy: &AacPolicy) -> ChannelPolicy {
        policy.channels
    }

    fn open(policy: &AacPolicy, channels: u8) -> Result<Self, CodecError> {
        Self::new(policy.encoder_settings(channels))
    }

    fn reconfigure(&mut self, policy: &AacPolicy, channels: u8) -> Result<(), CodecError> {
        // FDK's parameters take effect by a restart of the encoder, which clicks: only check them here.
        policy.encoder_settings(channels).check()
    }

    fn config(&self) -> CodecConfig {
        CodecConfig::Aac(Self::config(self).clone())
    }

    fn frame_length(&self) -> usize {
        Self::frame_length(self)
    }

    fn delay(&self) -> u32 {
        Self::delay(self)
    }

    fn encode(&mut self, pcm: &[f32], packet: &mut Vec<u8>) -> Result<(), CodecError> {
        Self::encode(self, pcm, packet)
    }

    fn is_nothing(&self, packet: &[u8]) -> bool {
        packet.is_empty()
    }
}
