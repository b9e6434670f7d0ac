//! AAC-LC decoding in Rust by `symphonia` (ISO/IEC 14496-3 section 4), with a simple concealment of our own.

use super::silence;
use crate::CodecError;
use crate::pcm::PcmSpec;
use rtmp_gateway_media::AacConfig;
use std::panic::{AssertUnwindSafe, catch_unwind};
use symphonia::core::codecs::audio::well_known::CODEC_ID_AAC;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::packet::PacketRef;
use symphonia::core::units::{Duration, Timestamp};
use symphonia::default::codecs::AacDecoder;

/// An AAC-LC decoder for 1 or 2 channels and frames of 1,024 samples.
pub(super) struct SymphoniaDecoder {
    decoder: AacDecoder,
    config: AacConfig,
    /// The last good access unit, to stand in once for a lost one.
    last_good: Vec<u8>,
    /// Frames concealed since the last good one.
    concealed: u32,
    planes: Vec<f32>,
}

impl SymphoniaDecoder {
    /// Whether this decoder is right for `config`: plain LC, mono or stereo, 1,024 samples.
    pub fn takes(config: &AacConfig) -> bool {
        config.core_object_type() == 2
            && !config.sbr()
            && (1..=2).contains(&config.channels())
            && config.frame_length() == 1_024
    }

    pub fn new(config: &AacConfig) -> Result<Self, CodecError> {
        Ok(Self {
            decoder: open(config)?,
            config: config.clone(),
            last_good: Vec::new(),
            concealed: 0,
            planes: Vec::new(),
        })
    }

    /// Decodes one access unit and appends the samples; the error is what symphonia said, nothing is appended then.
    pub fn decode(&mut self, access_unit: &[u8], output: &mut Vec<f32>) -> Result<PcmSpec, String> {
        let spec = self.run(access_unit, output)?;
        self.concealed = 0;
        self.last_good.clear();
        self.last_good.extend_from_slice(access_unit);
        Ok(spec)
    }

    /// Makes up a lost frame: the last good one again, from the second on a frame without spectrum, which fades by the
    /// window of the transform.
    pub fn conceal(&mut self, output: &mut Vec<f32>) -> PcmSpec {
        let unit = std::mem::take(&mut self.last_good);
        let first = self.concealed == 0 && !unit.is_empty();
        self.concealed = self.concealed.saturating_add(1);
        let stand_in = if first { unit.as_slice() } else { silence::access_unit(self.config.channels()) };
        self.run(stand_in, output).unwrap_or_else(|_| {
            let spec = self.spec();
            output.resize(output.len() + spec.frames * usize::from(spec.channels), 0.0);
            spec
        })
    }

    fn spec(&self) -> PcmSpec {
        let config = &self.config;
        PcmSpec { sample_rate: config.core_sample_rate(), channels: config.channels(), frames: super::AAC_FRAME }
    }

    fn run(&mut self, access_unit: &[u8], output: &mut Vec<f32>) -> Result<PcmSpec, String> {
        let spec = self.spec();
        let channels = usize::from(spec.channels);
        let packet = PacketRef::new(0, Timestamp::ZERO, Duration::from(spec.frames as u64), access_unit);
        // symphonia checks its input, but a table index that it misses would be a panic: then this decoder is replaced
        // and the frame is an error like any other.
        let decoded = catch_unwind(AssertUnwindSafe(|| match self.decoder.decode_ref(&packet) {
            Ok(buffer) if buffer.frames() == spec.frames && buffer.num_planes() == channels => {
                self.planes.resize(spec.frames * channels, 0.0);
                buffer.copy_to_slice_interleaved(&mut self.planes);
                Ok(())
            }
            Ok(buffer) => Err(format!("{} frames of {} channels", buffer.frames(), buffer.num_planes())),
            Err(error) => Err(error.to_string()),
        }));
        match decoded {
            Ok(Ok(())) => {
                // Garbage that happens to parse may hold numbers far beyond full scale; none may reach a filter's memory.
                output.extend(
                    self.planes.iter().map(|sample| if sample.is_finite() { sample.clamp(-4.0, 4.0) } else { 0.0 }),
                );
                Ok(spec)
            }
            Ok(Err(reason)) => Err(reason),
            Err(_) => {
                if let Ok(fresh) = open(&self.config) {
                    self.decoder = fresh;
                }
                Err("the decoder panicked".into())
            }
        }
    }
}

fn open(config: &AacConfig) -> Result<AacDecoder, CodecError> {
    // A configuration of our own: what stands behind the two bytes of plain LC is of no use to this decoder.
    let plain = AacConfig::lc(config.core_sample_rate(), config.channels())
        .map_err(|error| CodecError::unsupported(format!("AAC: {error}")))?;
    let mut parameters = AudioCodecParameters::new();
    parameters.for_codec(CODEC_ID_AAC).with_extra_data(plain.record().to_vec().into_boxed_slice());
    AacDecoder::try_new(&parameters, &AudioDecoderOptions::default())
        .map_err(|error| CodecError::unsupported(format!("AAC: {error}")))
}
