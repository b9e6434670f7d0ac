//! The second half of a transcoder: PCM at 48 kHz in, coded units with sample-counted times out (design section 4).

use super::encoding::Encoding;
use super::settings::ChannelPolicy;
use crate::CodecError;
use crate::pcm::{Declicker, SAMPLE_RATE, SampleFifo, convert_channels};
use bytes::Bytes;
use rtmp_gateway_media::{CodecConfig, MediaTime, Unit};
use std::collections::VecDeque;
use std::sync::Arc;

/// Silence that a stream ends with at least: 10 ms, in which the last sample fades.
const FADE_OUT: usize = SAMPLE_RATE as usize / 100;

/// Regroups PCM into an encoder's frames, encodes them and stamps them.
#[derive(Debug)]
pub(super) struct Output<E: Encoding> {
    policy: E::Policy,
    open: Option<Open<E>>,
    declicker: Declicker,
    /// Position of the first sample in the queue, 48 kHz.
    position: i64,
    scratch: Vec<f32>,
    packet: Vec<u8>,
    units: VecDeque<Unit>,
    made: u64,
}

#[derive(Debug)]
struct Open<E> {
    encoder: E,
    config: Arc<CodecConfig>,
    fifo: SampleFifo,
    /// The last frames that were encoded: a successor encoder is primed with them.
    history: VecDeque<Vec<f32>>,
}

impl<E: Encoding> Output<E> {
    pub fn new(policy: E::Policy) -> Self {
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

    pub fn channel_policy(&self) -> ChannelPolicy {
        E::channel_policy(&self.policy)
    }

    /// The next PCM does not continue the one before.
    pub fn mark_joint(&mut self) {
        self.declicker.mark_joint();
    }

    /// Takes another policy; what needs a new encoder counts from the next change of channels.
    pub fn set_policy(&mut self, policy: E::Policy) -> Result<(), CodecError> {
        if let Some(open) = &mut self.open {
            open.encoder.reconfigure(&policy, open.fifo.channels())?;
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
        let wanted = self.channel_policy().channels(channels);
        self.open_for(wanted)?;
        let Some(open) = &mut self.open else { return Ok(()) };
        self.scratch.clear();
        convert_channels(pcm, channels, wanted, &mut self.scratch);
        self.declicker.process(&mut self.scratch, wanted);
        open.fifo.push(&self.scratch);
        let frame_length = open.encoder.frame_length();
        while let Some(frame) = open.fifo.pop(frame_length) {
            open.encoder.encode(frame, &mut self.packet)?;
            remember(&mut open.history, frame, history_frames(&open.encoder));
            let time = MediaTime::new(self.position.saturating_sub(open.encoder.delay().into()), SAMPLE_RATE);
            self.position = self.position.saturating_add_unsigned(frame_length as u64);
            if open.encoder.is_nothing(&self.packet) {
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
        let held_back = if drain { open.encoder.delay() as usize + FADE_OUT } else { 0 };
        let end = (queued + held_back).next_multiple_of(open.encoder.frame_length());
        self.mark_joint();
        let silence = vec![0.0; (end - queued) * usize::from(channels)];
        self.push(&silence, channels)
    }

    /// Opens an encoder for `channels`, or replaces the running one without a hole: the new one is first given the last
    /// frames, whose packets are thrown away, so that it holds back what the old one held.
    fn open_for(&mut self, channels: u8) -> Result<(), CodecError> {
        if self.open.as_ref().is_some_and(|open| open.fifo.channels() == channels) {
            return Ok(());
        }
        let mut encoder = E::open(&self.policy, channels)?;
        let mut fifo = SampleFifo::new(channels);
        let mut history = VecDeque::new();
        if let Some(mut old) = self.open.take() {
            let from = old.fifo.channels();
            for frame in &old.history {
                let mut converted = Vec::new();
                convert_channels(frame, from, channels, &mut converted);
                encoder.encode(&converted, &mut self.packet)?;
                history.push_back(converted);
            }
            self.scratch.clear();
            convert_channels(&old.fifo.take_all(), from, channels, &mut self.scratch);
            fifo.push(&self.scratch);
        }
        let config = Arc::new(encoder.config());
        self.open = Some(Open { encoder, config, fifo, history });
        Ok(())
    }
}

/// Frames that a new encoder must have seen to go on where another stops: its delay and the overlap before that.
fn history_frames<E: Encoding>(encoder: &E) -> usize {
    (encoder.delay() as usize).div_ceil(encoder.frame_length()) + 1
}

/// Keeps the last `count` frames, reusing the oldest one's memory.
fn remember(history: &mut VecDeque<Vec<f32>>, frame: &[f32], count: usize) {
    let mut buffer = if history.len() >= count { history.pop_front().unwrap_or_default() } else { Vec::new() };
    buffer.clear();
    buffer.extend_from_slice(frame);
    history.push_back(buffer);
}

#[cfg(test)]
mod tests {
    use super::*;
    use rtmp_gateway_media::OpusConfig;

    /// An "encoder" that only counts, so that a day passes in a moment.
    #[derive(Debug)]
    struct Counter;

    impl Encoding for Counter {
        type Policy = ChannelPolicy;

        fn channel_policy(policy: &ChannelPolicy) -> ChannelPolicy {
            *policy
        }

        fn open(_: &ChannelPolicy, _: u8) -> Result<Self, CodecError> {
            Ok(Self)
        }

        fn reconfigure(&mut self, _: &ChannelPolicy, _: u8) -> Result<(), CodecError> {
            Ok(())
        }

        fn config(&self) -> CodecConfig {
            CodecConfig::Opus(OpusConfig { channels: 1, pre_skip: 0 })
        }

        fn frame_length(&self) -> usize {
            960
        }

        fn delay(&self) -> u32 {
            312
        }

        fn encode(&mut self, pcm: &[f32], packet: &mut Vec<u8>) -> Result<(), CodecError> {
            assert_eq!(pcm.len(), 960);
            packet.clear();
            packet.push(0);
            Ok(())
        }

        fn is_nothing(&self, packet: &[u8]) -> bool {
            packet.is_empty()
        }
    }

    #[test]
    fn an_hour_of_1024_makes_an_hour_of_960_and_a_day_passes_the_32_bit_counter() {
        let mut output = Output::<Counter>::new(ChannelPolicy::Source);
        // The last hour before a day has passed; 2^32 samples at 48 kHz are 24.9 hours.
        let start = 24 * 3_600 * 48_000_i64;
        output.start_at(start);
        let pcm = vec![0.0; 1_024];
        let units_in = 2 * 3_600 * 48_000_i64 / 1_024;
        let mut expected = start - 312;
        for _ in 0..units_in {
            output.push(&pcm, 1).expect("counts");
            while let Some(unit) = output.poll() {
                assert_eq!(unit.pts.ticks(), expected);
                expected += 960;
            }
        }
        let behind = start - 312 + units_in * 1_024 - expected;
        assert!((0..960).contains(&behind), "{behind} samples wait for a full frame");
        assert!(expected > i64::from(u32::MAX));
    }
}
