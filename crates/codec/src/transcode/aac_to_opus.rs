//! AAC units in, Opus units out: decode, resample to 48 kHz, regroup 1,024 to 960, encode (RFC 6716, RFC 7587).

use super::output::Output;
use super::settings::{OpusPolicy, TranscodeSettings};
use super::stats::TranscodeStats;
use super::timeline::{Step, TOLERANCE, Timeline};
use crate::CodecError;
use crate::aac::{AacDecoder, adts};
use crate::opus::OpusEncoder;
use crate::pcm::{Declicker, PcmSpec, SAMPLE_RATE};
use crate::resample::Resampler;
use rtmp_gateway_media::{AacConfig, CodecConfig, Unit};

/// ADTS frames of one unit that are looked at: real senders put one there, some a few (attack: thousands of empty frames
/// in one message, each of which would cost the work of a whole one).
const MAXIMUM_ADTS_FRAMES: usize = 16;

/// Turns one AAC track into one Opus track: packets of 20 ms at 48 kHz.
///
/// Times are exact: what a decoder plays at a unit's `pts` is the sound that the source had at that time; the delays of
/// resampler and encoder are taken off (a decoder has none; that of SBR is in the sender's times, as FFmpeg makes them) (so the first unit is up to 7 ms before the source's first). Output times
/// count samples, 960 a unit, and jump only after a gap of more than a second or a jump back of the source.
#[derive(Debug)]
pub struct AacToOpus {
    source: Option<Source>,
    /// The configuration that could not be opened, and why.
    refused: Option<(AacConfig, CodecError)>,
    resampler: Option<Resampler>,
    timeline: Timeline,
    output: Output<OpusEncoder>,
    stats: TranscodeStats,
    decoded: Vec<f32>,
    resampled: Vec<f32>,
}

#[derive(Debug)]
struct Source {
    config: AacConfig,
    decoder: AacDecoder,
    declicker: Declicker,
    /// Whether the decoder has a past to conceal from.
    running: bool,
}

impl AacToOpus {
    /// A transcoder; codecs are opened by the first unit.
    pub fn new(settings: TranscodeSettings) -> Self {
        Self {
            source: None,
            refused: None,
            resampler: None,
            timeline: Timeline::new(),
            output: Output::new(settings.opus),
            stats: TranscodeStats::default(),
            decoded: Vec::new(),
            resampled: Vec::new(),
        }
    }

    /// Takes one AAC unit (raw, or wrapped in ADTS as some senders do); then [`poll`](Self::poll) until `None`.
    ///
    /// A unit that cannot be decoded is concealed and counted ([`stats`](Self::stats)), which is no error. A unit with
    /// another configuration changes the source without a click.
    ///
    /// # Errors
    /// [`CodecError::WrongCodec`], [`CodecError::Unsupported`] (the configuration; each of its units says so again) and
    /// errors of the libraries. Nothing comes of the unit then; the transcoder stays usable.
    pub fn push(&mut self, unit: &Unit) -> Result<(), CodecError> {
        self.stats.units_in += 1;
        let CodecConfig::Aac(config) = &*unit.config else {
            return Err(CodecError::WrongCodec { found: unit.config.name(), expected: "AAC" });
        };
        let position = unit.pts.rescale(SAMPLE_RATE).ticks();
        if !adts::is_adts(&unit.payload) {
            return self.access_unit(config, &unit.payload, position);
        }
        let mut position = position;
        for frame in adts::frames(&unit.payload).take(MAXIMUM_ADTS_FRAMES) {
            let same = frame.sample_rate == config.core_sample_rate()
                && frame.channel_configuration == config.channel_configuration();
            let own = if same { None } else { frame.config() };
            self.access_unit(own.as_ref().unwrap_or(config), frame.access_unit, position)?;
            position += 1_024 * i64::from(SAMPLE_RATE) / i64::from(frame.sample_rate);
        }
        Ok(())
    }

    /// The next finished Opus unit.
    pub fn poll(&mut self) -> Option<Unit> {
        self.output.poll()
    }

    /// Ends the stream: what is inside comes out, the last unit filled up with silence. A unit pushed afterwards starts
    /// anew.
    ///
    /// # Errors
    /// Errors of the libraries.
    pub fn flush(&mut self) -> Result<(), CodecError> {
        self.end_segment(true)?;
        self.source = None;
        self.timeline.stop();
        Ok(())
    }

    /// Changes how Opus is made, from the next packet on (bit rate, complexity, FEC, loss, DTX) or from the next change of
    /// the source's channels (channels, application).
    ///
    /// # Errors
    /// [`CodecError::Setting`] for a value outside its range; then nothing changes.
    pub fn set_policy(&mut self, policy: OpusPolicy) -> Result<(), CodecError> {
        self.output.set_policy(policy)
    }

    /// Counters since the start.
    pub fn stats(&self) -> TranscodeStats {
        TranscodeStats { units_out: self.output.units_made(), ..self.stats.clone() }
    }

    fn access_unit(&mut self, config: &AacConfig, payload: &[u8], position: i64) -> Result<(), CodecError> {
        self.select(config)?;
        let skip = self.catch_up(position)?;
        self.decoded.clear();
        let Some(source) = &mut self.source else { return Ok(()) };
        let spec = match source.decoder.decode(payload, &mut self.decoded) {
            Ok(spec) => {
                self.stats.decoded();
                self.timeline.earn(at_48_khz(spec));
                Some(spec)
            }
            Err(error) => {
                self.stats.failed(error);
                self.decoded.clear();
                let spec = source.decoder.conceal(&mut self.decoded);
                self.stats.concealed_samples += spec.map_or(0, at_48_khz);
                spec
            }
        };
        // Nothing to tell the shape from yet: the stream starts with the first unit that decodes.
        let Some(spec) = spec else { return Ok(()) };
        if !source.running {
            source.running = true;
            self.join(position, spec)?;
        }
        self.consume(spec, skip)
    }

    /// Opens a decoder when the configuration is new.
    fn select(&mut self, config: &AacConfig) -> Result<(), CodecError> {
        if self.source.as_ref().is_some_and(|source| source.config == *config) {
            return Ok(());
        }
        if let Some((refused, error)) = &self.refused
            && refused == config
        {
            return Err(error.clone());
        }
        match open(config) {
            Ok(decoder) => {
                self.stats.source_changes += u64::from(self.source.is_some());
                let declicker = Declicker::new(config.sample_rate());
                self.source = Some(Source { config: config.clone(), decoder, declicker, running: false });
                self.refused = None;
                Ok(())
            }
            Err(error) => {
                self.source = None;
                self.refused = Some((config.clone(), error.clone()));
                Err(error)
            }
        }
    }

    /// Compares the unit's time with the count; fills a gap from the decoder's past. Returns how many samples (48 kHz) of
    /// the unit are too many.
    fn catch_up(&mut self, position: i64) -> Result<i64, CodecError> {
        let Some(source) = &self.source else { return Ok(0) };
        if !source.running {
            return Ok(0);
        }
        match self.timeline.step(position, false) {
            Step::Follow => Ok(0),
            Step::Skip(samples) => Ok(samples),
            Step::Fill(samples) => self.fill(samples).map(|()| 0),
            Step::Restart => {
                self.end_segment(false)?;
                if let Some(source) = &mut self.source {
                    source.running = false;
                }
                self.timeline.stop();
                self.stats.restarts += 1;
                Ok(0)
            }
        }
    }

    /// The first PCM of a decoder: places it on the time line.
    fn join(&mut self, position: i64, spec: PcmSpec) -> Result<(), CodecError> {
        self.output.mark_joint();
        match self.timeline.step(position, false) {
            Step::Follow | Step::Skip(_) => Ok(()),
            Step::Fill(samples) => {
                self.stats.gaps += 1;
                self.stats.concealed_samples += samples.unsigned_abs();
                self.finish_resampler()?;
                self.timeline.change_rate(SAMPLE_RATE);
                let channels = self.resampler.as_ref().map_or(spec.channels, Resampler::channels);
                let silence = vec![0.0; usize::try_from(samples).unwrap_or(0) * usize::from(channels)];
                self.output.push(&silence, channels)?;
                self.output.mark_joint();
                self.timeline.advance(silence.len() / usize::from(channels));
                self.timeline.change_rate(spec.sample_rate);
                Ok(())
            }
            Step::Restart => {
                if self.timeline.position().is_some() {
                    self.end_segment(false)?;
                    self.stats.restarts += 1;
                }
                self.timeline.start(position, spec.sample_rate);
                self.output.start_at(position);
                Ok(())
            }
        }
    }

    /// Makes up `samples` (48 kHz) by the decoder: whole frames where that is near enough, since they join smoothly.
    fn fill(&mut self, samples: i64) -> Result<(), CodecError> {
        self.stats.gaps += 1;
        let mut left = samples;
        while left > 0 {
            self.decoded.clear();
            let Some(source) = &mut self.source else { return Ok(()) };
            let Some(spec) = source.decoder.conceal(&mut self.decoded) else { return Ok(()) };
            let made = at_48_khz(spec) as i64;
            if made == 0 || left < made - TOLERANCE / 2 {
                let frames = (left * i64::from(spec.sample_rate) / i64::from(SAMPLE_RATE)).max(0) as usize;
                self.decoded.truncate(frames * usize::from(spec.channels));
                self.stats.concealed_samples += left.unsigned_abs();
                self.consume(PcmSpec { frames, ..spec }, 0)?;
                if let Some(source) = &mut self.source {
                    source.declicker.mark_joint();
                }
                return Ok(());
            }
            self.stats.concealed_samples += made.unsigned_abs();
            self.consume(spec, 0)?;
            left -= made;
            if left <= TOLERANCE / 2 {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Sends what is in `decoded` on, without its first `skip` samples (48 kHz).
    fn consume(&mut self, spec: PcmSpec, skip: i64) -> Result<(), CodecError> {
        let channels = usize::from(spec.channels);
        if spec.frames == 0 || channels == 0 {
            return Ok(());
        }
        self.match_shape(spec)?;
        let skipped = ((skip * i64::from(spec.sample_rate) / i64::from(SAMPLE_RATE)).max(0) as usize).min(spec.frames);
        if skipped > 0 {
            self.stats.dropped_samples += at_48_khz(PcmSpec { frames: skipped, ..spec });
        }
        let Some(source) = &mut self.source else { return Ok(()) };
        if skipped > 0 {
            source.declicker.mark_joint();
        }
        let pcm = self.decoded.get_mut(skipped * channels..spec.frames * channels).unwrap_or_default();
        source.declicker.process(pcm, spec.channels);
        self.timeline.advance(spec.frames - skipped);
        let Some(resampler) = &mut self.resampler else { return Ok(()) };
        self.resampled.clear();
        resampler.process(pcm, &mut self.resampled)?;
        self.output.push(&self.resampled, spec.channels)
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
        if let Some(source) = &mut self.source {
            source.declicker = Declicker::new(spec.sample_rate);
        }
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

    /// Brings everything out that is inside, so that time may jump.
    fn end_segment(&mut self, drain: bool) -> Result<(), CodecError> {
        self.finish_resampler()?;
        self.output.finish(drain)?;
        self.output.mark_joint();
        Ok(())
    }
}

fn open(config: &AacConfig) -> Result<AacDecoder, CodecError> {
    Resampler::check(config.core_sample_rate())?;
    Resampler::check(config.sample_rate())?;
    AacDecoder::new(config)
}

fn at_48_khz(spec: PcmSpec) -> u64 {
    spec.frames as u64 * u64::from(SAMPLE_RATE) / u64::from(spec.sample_rate.max(1))
}
