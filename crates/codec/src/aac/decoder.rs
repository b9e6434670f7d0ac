//! One AAC decoder over two libraries: Rust where it can (ISO/IEC 14496-3 AAC-LC), FDK for HE-AAC v1 and v2.
//!
//! HE-AAC that is not signalled looks like AAC-LC at half the rate, and symphonia plays it so without a word. At core
//! rates where that happens both decoders look at the first frames; the one that is right goes on alone.

use super::MAXIMUM_ACCESS_UNIT;
#[cfg(feature = "fdk")]
use super::fdk_decoder::FdkDecoder;
use super::symphonia_decoder::SymphoniaDecoder;
use crate::CodecError;
use crate::pcm::PcmSpec;
use rtmp_gateway_media::AacConfig;

/// Good frames without SBR after which an unsignalled stream is taken as plain AAC-LC. Encoders put SBR data into every
/// frame, so the first would do; a few more cost nothing.
#[cfg(feature = "fdk")]
const PROBE_FRAMES: u32 = 8;

/// Decodes the access units of one AAC track.
pub struct AacDecoder {
    engine: Engine,
    /// While unsignalled SBR is not ruled out: decodes along, so that it has the same past when it takes over from FDK.
    #[cfg(feature = "fdk")]
    candidate: Option<(Box<SymphoniaDecoder>, u32)>,
    frame: u64,
}

enum Engine {
    Symphonia(Box<SymphoniaDecoder>),
    #[cfg(feature = "fdk")]
    Fdk(FdkDecoder),
}

impl std::fmt::Debug for AacDecoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let engine = self.engine_name();
        f.debug_struct("AacDecoder").field("engine", &engine).field("frame", &self.frame).finish()
    }
}

impl AacDecoder {
    /// A decoder for `config`. Output is mono or stereo; more channels are mixed down to stereo, and mono HE-AAC comes out
    /// as stereo, because parametric stereo may begin with any of its frames.
    ///
    /// # Errors
    /// [`CodecError::Unsupported`] for AAC that no decoder of this build takes, with the reason.
    pub fn new(config: &AacConfig) -> Result<Self, CodecError> {
        if config.core_object_type() != 2 {
            return Err(CodecError::unsupported(format!("AAC object type {}", config.core_object_type())));
        }
        open(config)
    }

    /// Which library decodes at the moment: `symphonia` or `fdk`. An unsignalled stream at 24 kHz or below starts on FDK
    /// and moves to symphonia when its first frames are plain AAC-LC.
    pub fn engine_name(&self) -> &'static str {
        match &self.engine {
            Engine::Symphonia(_) => "symphonia",
            #[cfg(feature = "fdk")]
            Engine::Fdk(_) => "fdk",
        }
    }

    /// Decodes one raw access unit, appends the interleaved samples to `output` and returns their shape. The shape may
    /// differ from the configuration's (unsignalled HE-AAC) and from frame to frame.
    ///
    /// # Errors
    /// [`CodecError::Decode`] when the access unit is broken: nothing was appended; [`conceal`](Self::conceal) may stand
    /// in, and the next access unit may be decoded.
    pub fn decode(&mut self, access_unit: &[u8], output: &mut Vec<f32>) -> Result<PcmSpec, CodecError> {
        let frame = self.frame;
        self.frame += 1;
        let error = |reason| CodecError::Decode { codec: "AAC", frame, length: access_unit.len(), reason };
        if access_unit.is_empty() || access_unit.len() > MAXIMUM_ACCESS_UNIT {
            return Err(error(format!("an access unit has 1 to {MAXIMUM_ACCESS_UNIT} bytes")));
        }
        let spec = match &mut self.engine {
            Engine::Symphonia(symphonia) => symphonia.decode(access_unit, output),
            #[cfg(feature = "fdk")]
            Engine::Fdk(fdk) => fdk.decode(access_unit, output),
        };
        #[cfg(feature = "fdk")]
        self.probe(access_unit, spec.is_ok());
        spec.map_err(error)
    }

    /// Makes up one lost frame from the past, appends it to `output` and returns its shape; `None` when there is no past
    /// to tell the shape from.
    pub fn conceal(&mut self, output: &mut Vec<f32>) -> Option<PcmSpec> {
        #[cfg(feature = "fdk")]
        if let Some((candidate, _)) = &mut self.candidate {
            candidate.conceal(&mut Vec::new());
        }
        match &mut self.engine {
            Engine::Symphonia(symphonia) => Some(symphonia.conceal(output)),
            #[cfg(feature = "fdk")]
            Engine::Fdk(fdk) => fdk.conceal(output),
        }
    }

    /// Looks for unsignalled SBR: once found FDK stays, after some good frames without it symphonia takes over.
    #[cfg(feature = "fdk")]
    fn probe(&mut self, access_unit: &[u8], good: bool) {
        let Some((mut candidate, mut seen)) = self.candidate.take() else { return };
        if matches!(&self.engine, Engine::Fdk(fdk) if fdk.has_sbr()) {
            return;
        }
        if candidate.decode(access_unit, &mut Vec::new()).is_ok() && good {
            seen += 1;
        }
        if seen < PROBE_FRAMES {
            self.candidate = Some((candidate, seen));
        } else {
            self.engine = Engine::Symphonia(candidate);
        }
    }
}

#[cfg(feature = "fdk")]
fn open(config: &AacConfig) -> Result<AacDecoder, CodecError> {
    let fdk = || FdkDecoder::new(config.record()).map(Engine::Fdk);
    if !SymphoniaDecoder::takes(config) {
        return Ok(AacDecoder { engine: fdk()?, candidate: None, frame: 0 });
    }
    let symphonia = Box::new(SymphoniaDecoder::new(config)?);
    if config.may_hide_sbr() {
        return Ok(AacDecoder { engine: fdk()?, candidate: Some((symphonia, 0)), frame: 0 });
    }
    Ok(AacDecoder { engine: Engine::Symphonia(symphonia), candidate: None, frame: 0 })
}

#[cfg(not(feature = "fdk"))]
fn open(config: &AacConfig) -> Result<AacDecoder, CodecError> {
    if !SymphoniaDecoder::takes(config) {
        let what = "AAC other than mono or stereo LC of 1,024 samples (this build lacks the cargo feature `fdk`)";
        return Err(CodecError::unsupported(what));
    }
    Ok(AacDecoder { engine: Engine::Symphonia(Box::new(SymphoniaDecoder::new(config)?)), frame: 0 })
}
