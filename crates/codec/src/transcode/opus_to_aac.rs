//! Opus units in, AAC-LC units at 48 kHz out: decode with FEC and concealment, regroup to 1,024, encode (RFC 6716,
//! RFC 7587, ISO/IEC 14496-3).

use super::output::Output;
use super::settings::{AacPolicy, ChannelPolicy, TranscodeSettings};
use super::stats::TranscodeStats;
use super::timeline::{MAXIMUM_FILL, Step, Timeline};
use crate::CodecError;
use crate::aac::AacEncoder;
use crate::opus::{OpusDecoder, OpusPacketInfo};
use crate::pcm::SAMPLE_RATE;
use rtmp_gateway_media::{CodecConfig, MediaTime, Unit};

/// Turns one Opus track into one AAC-LC track: access units of 1,024 samples at 48 kHz.
///
/// Times are exact as those of [`AacToOpus`](super::AacToOpus): the encoder's delay is taken off, so the first two units
/// (1,600 samples of delay, 33 ms) lie before the source's first and prime the decoder.
#[derive(Debug)]
pub struct OpusToAac {
    decoder: Option<OpusDecoder>,
    timeline: Timeline,
    output: Output<AacEncoder>,
    stats: TranscodeStats,
    decoded: Vec<f32>,
}

impl OpusToAac {
    /// A transcoder; codecs are opened by the first unit.
    pub fn new(settings: TranscodeSettings) -> Self {
        Self {
            decoder: None,
            timeline: Timeline::new(),
            output: Output::new(settings.aac),
            stats: TranscodeStats::default(),
            decoded: Vec::new(),
        }
    }

    /// Takes one Opus unit (2.5 to 120 ms); then [`poll`](Self::poll) until `None`. With times at 48 kHz every gap is
    /// taken as lost packets or DTX and filled, the last frame from the unit's in-band FEC if it has it; other clocks are
    /// taken as rounded and only holes are filled.
    ///
    /// A unit that cannot be decoded is concealed and counted ([`stats`](Self::stats)), one that comes too late or twice
    /// is dropped and counted; neither is an error.
    ///
    /// # Errors
    /// [`CodecError::WrongCodec`], [`CodecError::Unsupported`] (no AAC encoder in this build) and errors of the libraries.
    /// Nothing comes of the unit then; the transcoder stays usable.
    pub fn push(&mut self, unit: &Unit) -> Result<(), CodecError> {
        self.stats.units_in += 1;
        if !matches!(&*unit.config, CodecConfig::Opus(_)) {
            return Err(CodecError::WrongCodec { found: unit.config.name(), expected: "Opus" });
        }
        let packet = &*unit.payload;
        let Some(info) = OpusPacketInfo::parse(packet) else {
            // How long it would have lasted is unknown: the next unit's time will tell, and the gap is filled then.
            let (frame, reason) = (self.stats.units_in - 1, "not an Opus packet".into());
            self.stats.failed(CodecError::Decode { codec: "Opus", frame, length: packet.len(), reason });
            return Ok(());
        };
        self.open_for(info.channels)?;
        let position = unit.pts.rescale(SAMPLE_RATE).ticks();
        let skip = match self.timeline.step(position, unit.pts.clock_rate() == SAMPLE_RATE) {
            Step::Follow => 0,
            Step::Skip(samples) => usize::try_from(samples).unwrap_or(usize::MAX),
            Step::Fill(samples) => {
                self.fill(samples, Some((packet, info)))?;
                0
            }
            Step::Restart => {
                if self.timeline.position().is_some() {
                    self.output.finish(false)?;
                    self.output.mark_joint();
                    self.stats.restarts += 1;
                }
                self.timeline.start(position, SAMPLE_RATE);
                self.output.start_at(position);
                0
            }
        };
        if skip >= info.duration {
            self.stats.dropped_samples += info.duration as u64;
            return Ok(());
        }
        self.decode(packet, skip)
    }

    /// Says that nothing before `time` will come any more: what is missing up to there (at most a second a call) is made
    /// up, so that players do not stall while the source is silent by DTX, muted or lost. A unit for that stretch that
    /// comes all the same is dropped. Does nothing before the first unit.
    ///
    /// # Errors
    /// Errors of the libraries.
    pub fn fill_until(&mut self, time: MediaTime) -> Result<(), CodecError> {
        let Some(position) = self.timeline.position() else { return Ok(()) };
        let missing = time.rescale(SAMPLE_RATE).ticks().saturating_sub(position).min(MAXIMUM_FILL);
        let step = OpusDecoder::CONCEALMENT_STEP as i64;
        if missing < step { Ok(()) } else { self.fill(missing / step * step, None) }
    }

    /// The next finished AAC unit.
    pub fn poll(&mut self) -> Option<Unit> {
        self.output.poll()
    }

    /// Ends the stream: what is inside comes out, the last unit filled up with silence. A unit pushed afterwards starts
    /// anew.
    ///
    /// # Errors
    /// Errors of the libraries.
    pub fn flush(&mut self) -> Result<(), CodecError> {
        self.output.finish(true)?;
        self.output.mark_joint();
        self.decoder = None;
        self.timeline.stop();
        Ok(())
    }

    /// Changes how AAC is made, from the next change of channels on.
    ///
    /// # Errors
    /// [`CodecError::Setting`] for a value outside its range; then nothing changes.
    pub fn set_policy(&mut self, policy: AacPolicy) -> Result<(), CodecError> {
        self.output.set_policy(policy)
    }

    /// Counters since the start.
    pub fn stats(&self) -> TranscodeStats {
        TranscodeStats { units_out: self.output.units_made(), ..self.stats.clone() }
    }

    /// Opens the decoder for what is to come out. A source that turns stereo makes the output stereo for good: going back
    /// and forth with every quiet packet would restart the players' decoders.
    fn open_for(&mut self, source: u8) -> Result<(), CodecError> {
        let running = self.decoder.as_ref().map(OpusDecoder::channels);
        let wanted = match self.output.channel_policy() {
            ChannelPolicy::Source => source.max(running.unwrap_or(1)),
            fixed => fixed.channels(source),
        };
        if running == Some(wanted) {
            return Ok(());
        }
        self.decoder = Some(OpusDecoder::new(wanted)?);
        if running.is_some() {
            self.stats.source_changes += 1;
            self.output.mark_joint();
        }
        Ok(())
    }

    fn decode(&mut self, packet: &[u8], skip: usize) -> Result<(), CodecError> {
        let Some(decoder) = &mut self.decoder else { return Ok(()) };
        self.decoded.clear();
        if let Err(error) = decoder.decode(packet, &mut self.decoded) {
            // What a broken packet says of its duration is worth nothing: as above, the next unit's time will tell.
            self.stats.failed(error);
            return Ok(());
        }
        self.stats.decoded();
        if skip > 0 {
            self.decoded.drain(..(skip * usize::from(decoder.channels())).min(self.decoded.len()));
            self.stats.dropped_samples += skip as u64;
            self.output.mark_joint();
        }
        self.send()
    }

    /// Makes up `samples`; `next` is the packet behind them, whose FEC may hold the last of them.
    fn fill(&mut self, samples: i64, next: Option<(&[u8], OpusPacketInfo)>) -> Result<(), CodecError> {
        self.stats.gaps += 1;
        let Some(decoder) = &mut self.decoder else { return Ok(()) };
        let samples = usize::try_from(samples).unwrap_or(0);
        let channels = usize::from(decoder.channels());
        let step = OpusDecoder::CONCEALMENT_STEP;
        let next = next.filter(|(packet, _)| OpusDecoder::has_fec(packet));
        let recovered = next.map_or(0, |(_, info)| info.duration.min(samples / step * step));
        let mut left = samples - recovered;
        self.decoded.clear();
        while left >= step {
            let made = decoder.conceal(left, &mut self.decoded)?;
            if made == 0 {
                break;
            }
            left = left.saturating_sub(made);
        }
        // Less than 2.5 ms, which no Opus packet lasts: the timestamps were changed on the way.
        if left > 0 {
            self.decoded.resize(self.decoded.len() + left * channels, 0.0);
        }
        self.stats.concealed_samples += (samples - recovered) as u64;
        if let Some((packet, _)) = next
            && recovered > 0
        {
            self.stats.recovered_samples += decoder.decode_fec(packet, recovered, &mut self.decoded)? as u64;
        }
        self.send()
    }

    fn send(&mut self) -> Result<(), CodecError> {
        let Some(decoder) = &self.decoder else { return Ok(()) };
        let channels = decoder.channels();
        self.timeline.advance(self.decoded.len() / usize::from(channels));
        self.output.push(&self.decoded, channels)
    }
}
