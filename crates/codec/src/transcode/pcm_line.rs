//! PCM of changing rates and channels on one time line of 48 kHz, on its way into an encoder (design section 4).

use super::encoding::Encoding;
use super::output::Output;
use super::timeline::{Step, Timeline};
use crate::CodecError;
use crate::pcm::{Declicker, PcmSpec, SAMPLE_RATE};
use crate::resample::Resampler;

/// Counts, declicks and resamples what a decoder makes, and hands it to the output.
#[derive(Debug)]
pub(super) struct PcmLine<E: Encoding> {
    timeline: Timeline,
    /// For joints within one shape, at the source's rate; those between shapes are the output's.
    declicker: Declicker,
    resampler: Option<Resampler>,
    resampled: Vec<f32>,
    pub output: Output<E>,
}

impl<E: Encoding> PcmLine<E> {
    pub fn new(policy: E::Policy) -> Self {
        Self {
            timeline: Timeline::new(),
            declicker: Declicker::new(SAMPLE_RATE),
            resampler: None,
            resampled: Vec::new(),
            output: Output::new(policy),
        }
    }

    /// Judges a unit at `position` (48 kHz, rounded timestamps).
    pub fn step(&mut self, position: i64) -> Step {
        self.timeline.step(position, false)
    }

    /// Whether sound has come since the last start or end.
    pub fn is_started(&self) -> bool {
        self.timeline.position().is_some()
    }

    /// Notes that real sound came.
    pub fn earn(&mut self, spec: PcmSpec) {
        self.timeline.earn(at_48_khz(spec));
    }

    /// The next PCM does not continue the one before.
    pub fn mark_joint(&mut self) {
        self.declicker.mark_joint();
    }

    /// Begins at `position`; only when nothing is inside.
    pub fn start(&mut self, position: i64, rate: u32) {
        self.timeline.start(position, rate);
        self.output.start_at(position);
    }

    /// Takes `pcm`, declicking it in place, without its first `skip` samples (48 kHz); returns how many samples (48 kHz)
    /// were left out.
    pub fn push(&mut self, pcm: &mut [f32], spec: PcmSpec, skip: i64) -> Result<u64, CodecError> {
        let channels = usize::from(spec.channels);
        self.match_shape(spec)?;
        let wanted = skip.saturating_mul(spec.sample_rate.into()) / i64::from(SAMPLE_RATE);
        let skipped = usize::try_from(wanted).unwrap_or(0).min(spec.frames);
        if skipped > 0 {
            self.declicker.mark_joint();
        }
        let pcm = pcm.get_mut(skipped * channels..spec.frames * channels).unwrap_or_default();
        self.declicker.process(pcm, spec.channels);
        self.timeline.advance(spec.frames - skipped);
        if let Some(resampler) = &mut self.resampler {
            self.resampled.clear();
            resampler.process(pcm, &mut self.resampled)?;
            self.output.push(&self.resampled, spec.channels)?;
        }
        Ok(at_48_khz(PcmSpec { frames: skipped, ..spec }))
    }

    /// Puts `samples` of silence (48 kHz) in; PCM of another shape may follow.
    pub fn push_silence(&mut self, samples: i64) -> Result<(), CodecError> {
        let frames = usize::try_from(samples).unwrap_or(0);
        let channels = self.resampler.as_ref().map_or(1, Resampler::channels);
        self.match_shape(PcmSpec { sample_rate: SAMPLE_RATE, channels, frames })?;
        self.output.mark_joint();
        self.output.push(&vec![0.0; frames * usize::from(channels)], channels)?;
        self.output.mark_joint();
        self.timeline.advance(frames);
        Ok(())
    }

    /// Brings everything out that is inside, so that time may jump; with `drain` also what the encoder holds back.
    pub fn end(&mut self, drain: bool) -> Result<(), CodecError> {
        self.finish_resampler()?;
        // What comes next starts from silence, in the resampler as well.
        self.resampler = None;
        self.output.finish(drain)?;
        self.output.mark_joint();
        self.timeline.stop();
        Ok(())
    }

    /// Replaces the resampler when rate or channels have changed.
    fn match_shape(&mut self, spec: PcmSpec) -> Result<(), CodecError> {
        if self.resampler.as_ref().is_some_and(|resampler| resampler.takes(spec)) {
            return Ok(());
        }
        let fresh = Resampler::new(spec.sample_rate, spec.channels)?;
        self.finish_resampler()?;
        self.resampler = Some(fresh);
        self.timeline.change_rate(spec.sample_rate);
        self.declicker = Declicker::new(spec.sample_rate);
        self.output.mark_joint();
        Ok(())
    }

    fn finish_resampler(&mut self) -> Result<(), CodecError> {
        let Some(resampler) = &mut self.resampler else { return Ok(()) };
        self.resampled.clear();
        resampler.finish(&mut self.resampled)?;
        let channels = resampler.channels();
        self.output.push(&self.resampled, channels)
    }
}

/// How long `spec` lasts in samples at 48 kHz.
pub(super) fn at_48_khz(spec: PcmSpec) -> u64 {
    spec.frames as u64 * u64::from(SAMPLE_RATE) / u64::from(spec.sample_rate.max(1))
}
