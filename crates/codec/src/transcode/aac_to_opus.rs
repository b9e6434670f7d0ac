//! AAC units in, Opus units out: decode, resample to 48 kHz, regroup 1,024 to 960, encode (RFC 6716, RFC 7587).

use super::aac_source::{Selected, Source};
use super::pcm_line::{PcmLine, at_48_khz};
use super::settings::{OpusPolicy, TranscodeSettings};
use super::stats::TranscodeStats;
use super::timeline::{Step, TOLERANCE};
use crate::CodecError;
use crate::aac::adts;
use crate::opus::OpusEncoder;
use crate::pcm::{PcmSpec, SAMPLE_RATE};
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
    source: Selected,
    line: PcmLine<OpusEncoder>,
    stats: TranscodeStats,
    decoded: Vec<f32>,
}

impl AacToOpus {
    /// A transcoder; codecs are opened by the first unit.
    pub fn new(settings: TranscodeSettings) -> Self {
        Self {
            source: Selected::Nothing,
            line: PcmLine::new(settings.opus),
            stats: TranscodeStats::default(),
            decoded: Vec::new(),
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
        self.line.output.poll()
    }

    /// Ends the stream: what is inside comes out, the last unit filled up with silence. A unit pushed afterwards starts
    /// anew.
    ///
    /// # Errors
    /// Errors of the libraries.
    pub fn flush(&mut self) -> Result<(), CodecError> {
        self.line.end(true)?;
        self.source = Selected::Nothing;
        Ok(())
    }

    /// Changes how Opus is made, from the next packet on (bit rate, complexity, FEC, loss, DTX) or from the next change of
    /// the source's channels (channels, application).
    ///
    /// # Errors
    /// [`CodecError::Setting`] for a value outside its range; then nothing changes.
    pub fn set_policy(&mut self, policy: OpusPolicy) -> Result<(), CodecError> {
        self.line.output.set_policy(policy)
    }

    /// Counters since the start.
    pub fn stats(&self) -> TranscodeStats {
        TranscodeStats { units_out: self.line.output.units_made(), ..self.stats.clone() }
    }

    fn access_unit(&mut self, config: &AacConfig, payload: &[u8], position: i64) -> Result<(), CodecError> {
        let (source, replaces) = self.source.select(config)?;
        if replaces {
            self.stats.source_changes += 1;
            self.line.mark_joint();
        }
        let mut skip = 0;
        if source.running {
            match self.line.step(position) {
                Step::Follow => {}
                Step::Skip(samples) => skip = samples,
                Step::Fill(samples) => fill(samples, source, &mut self.line, &mut self.stats, &mut self.decoded)?,
                Step::Restart => {
                    self.line.end(false)?;
                    source.running = false;
                    self.stats.restarts += 1;
                }
            }
        }
        self.decoded.clear();
        let spec = match source.decoder.decode(payload, &mut self.decoded) {
            Ok(spec) => {
                self.stats.decoded();
                self.line.earn(spec);
                spec
            }
            Err(error) => {
                self.stats.failed(error);
                self.decoded.clear();
                // Nothing to tell the shape from yet: the stream starts with the first unit that decodes.
                let Some(spec) = source.decoder.conceal(&mut self.decoded) else { return Ok(()) };
                self.stats.concealed_samples += at_48_khz(spec);
                spec
            }
        };
        if !source.running {
            source.running = true;
            self.join(position, spec)?;
        }
        self.stats.dropped_samples += self.line.push(&mut self.decoded, spec, skip)?;
        Ok(())
    }

    /// Places the first sound of a decoder, which has no past to fill a gap from, on the time line.
    fn join(&mut self, position: i64, spec: PcmSpec) -> Result<(), CodecError> {
        let restarts = self.line.is_started();
        match self.line.step(position) {
            Step::Follow | Step::Skip(_) => {}
            Step::Fill(samples) => {
                self.stats.gaps += 1;
                self.stats.concealed_samples += samples.unsigned_abs();
                self.line.push_silence(samples)?;
            }
            Step::Restart => {
                if restarts {
                    self.line.end(false)?;
                    self.stats.restarts += 1;
                }
                self.line.start(position, spec.sample_rate);
            }
        }
        Ok(())
    }
}

/// Makes up `samples` (48 kHz) by the decoder: whole frames where that is near enough, since they join smoothly.
fn fill(
    samples: i64,
    source: &mut Source,
    line: &mut PcmLine<OpusEncoder>,
    stats: &mut TranscodeStats,
    pcm: &mut Vec<f32>,
) -> Result<(), CodecError> {
    stats.gaps += 1;
    let mut left = samples;
    while left > TOLERANCE / 2 {
        pcm.clear();
        let Some(mut spec) = source.decoder.conceal(pcm) else { return Ok(()) };
        let made = at_48_khz(spec).cast_signed();
        let cut = made == 0 || left < made - TOLERANCE / 2;
        if cut {
            spec.frames = usize::try_from(left * i64::from(spec.sample_rate) / i64::from(SAMPLE_RATE)).unwrap_or(0);
            pcm.resize(spec.frames * usize::from(spec.channels), 0.0);
        }
        stats.concealed_samples += at_48_khz(spec);
        line.push(pcm, spec, 0)?;
        if cut {
            line.mark_joint();
            return Ok(());
        }
        left -= made;
    }
    Ok(())
}
