//! The second half of [`AacToOpus`](super::AacToOpus): PCM at 48 kHz in, Opus units with sample-counted times out.

use super::settings::OpusPolicy;
use crate::CodecError;
use crate::opus::{OPUS_FRAME, OpusEncoder};
use crate::pcm::{Declicker, SAMPLE_RATE, SampleFifo, convert_channels};
use bytes::Bytes;
use rtmp_gateway_media::{CodecConfig, MediaTime, OpusConfig, Unit};
use std::collections::VecDeque;
use std::sync::Arc;

/// Packets up to this length are DTX: nothing that needs to be sent (libopus's documentation of `opus_encode`).
const DTX_LENGTH: usize = 2;

#[derive(Debug)]
pub(super) struct OpusOutput {
    policy: OpusPolicy,
    open: Option<Open>,
    declicker: Declicker,
    /// Position of the first sample in the queue, 48 kHz.
    position: i64,
    scratch: Vec<f32>,
    packet: Vec<u8>,
    units: VecDeque<Unit>,
    made: u64,
}

#[derive(Debug)]
struct Open {
    encoder: OpusEncoder,
    config: Arc<CodecConfig>,
    fifo: SampleFifo,
    /// The last frame that was encoded: a successor encoder is primed with it.
    last: Vec<f32>,
}

impl OpusOutput {
    pub fn new(policy: OpusPolicy) -> Self {
        Self {
            policy,
            open: None,
            declicker: Declicker::new(SAMPLE_RATE),
            position: 0,
            scratch: Vec::new(),
            packet: Vec::new(),
            units: VecDeque::new(),
            made: 0,
        }
    }

    pub fn poll(&mut self) -> Option<Unit> {
        self.units.pop_front()
    }

    pub fn units_made(&self) -> u64 {
        self.made
    }

    /// The next PCM does not continue the one before.
    pub fn mark_joint(&mut self) {
        self.declicker.mark_joint();
    }

    /// Takes another policy; what needs a new encoder (application) counts from the next channel change.
    pub fn set_policy(&mut self, policy: OpusPolicy) -> Result<(), CodecError> {
        if let Some(open) = &mut self.open {
            let running = open.encoder.settings();
            let mut settings = policy.encoder_settings(running.channels);
            settings.application = running.application;
            open.encoder.reconfigure(settings)?;
        }
        self.policy = policy;
        Ok(())
    }

    /// Says where the next sample belongs; the queue is empty then (after [`finish`](Self::finish) or at the start).
    pub fn start_at(&mut self, position: i64) {
        self.position = position;
    }

    /// Encodes interleaved `pcm` of `channels` at 48 kHz.
    pub fn push(&mut self, pcm: &[f32], channels: u8) -> Result<(), CodecError> {
        let wanted = self.policy.channels.channels(channels);
        self.open_for(wanted)?;
        let Some(open) = &mut self.open else { return Ok(()) };
        self.scratch.clear();
        convert_channels(pcm, channels, wanted, &mut self.scratch);
        self.declicker.process(&mut self.scratch, wanted);
        open.fifo.push(&self.scratch);
        while let Some(frame) = open.fifo.pop(OPUS_FRAME) {
            open.encoder.encode(frame, &mut self.packet)?;
            open.last.clear();
            open.last.extend_from_slice(frame);
            let delay = i64::from(open.encoder.look_ahead());
            let time = MediaTime::new(self.position.saturating_sub(delay), SAMPLE_RATE);
            self.position = self.position.saturating_add(OPUS_FRAME as i64);
            if open.encoder.settings().dtx && self.packet.len() <= DTX_LENGTH {
                continue;
            }
            self.made += 1;
            self.units.push_back(Unit {
                payload: Bytes::copy_from_slice(&self.packet),
                dts: time,
                pts: time,
                keyframe: true,
                config: Arc::clone(&open.config),
            });
        }
        Ok(())
    }

    /// Fills the last frame up with a fade to silence and encodes it; with `drain` also what the encoder holds back.
    pub fn finish(&mut self, drain: bool) -> Result<(), CodecError> {
        let Some(open) = &self.open else { return Ok(()) };
        let (queued, channels) = (open.fifo.frames(), open.fifo.channels());
        let held_back = if drain { open.encoder.look_ahead() as usize } else { 0 };
        let end = (queued + held_back).next_multiple_of(OPUS_FRAME);
        self.mark_joint();
        let silence = vec![0.0; (end - queued) * usize::from(channels)];
        self.push_as(&silence, channels)
    }

    fn push_as(&mut self, pcm: &[f32], channels: u8) -> Result<(), CodecError> {
        if pcm.is_empty() { Ok(()) } else { self.push(pcm, channels) }
    }

    /// Opens an encoder for `channels`, or replaces the running one without a hole: the new one is first given the last
    /// frame, whose packet is thrown away, so that its look-ahead holds what the old one's held.
    fn open_for(&mut self, channels: u8) -> Result<(), CodecError> {
        if self.open.as_ref().is_some_and(|open| open.fifo.channels() == channels) {
            return Ok(());
        }
        let mut encoder = OpusEncoder::new(self.policy.encoder_settings(channels))?;
        let pre_skip = u16::try_from(encoder.look_ahead()).unwrap_or(u16::MAX);
        let config = Arc::new(CodecConfig::Opus(OpusConfig { channels, pre_skip }));
        let mut fifo = SampleFifo::new(channels);
        let mut last = Vec::new();
        if let Some(mut old) = self.open.take() {
            let from = old.fifo.channels();
            convert_channels(&old.last, from, channels, &mut last);
            if !last.is_empty() {
                encoder.encode(&last, &mut self.packet)?;
            }
            self.scratch.clear();
            convert_channels(&old.fifo.take_all(), from, channels, &mut self.scratch);
            fifo.push(&self.scratch);
        }
        self.open = Some(Open { encoder, config, fifo, last });
        Ok(())
    }
}
