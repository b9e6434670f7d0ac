//! AAC decoding by Fraunhofer FDK: HE-AAC v1 and v2 (ISO/IEC 14496-3 sections 4.6.18 and 8.6.4) and what symphonia does
//! not take (960-sample frames, more than two channels, mixed down to stereo).
#![allow(unsafe_code)]

use crate::CodecError;
use crate::pcm::{PcmSpec, from_i16};
use fdk_aac_sys as ffi;
use std::ptr::NonNull;

/// Largest output: 8 channels (before the mix-down) of a doubled frame.
const MAXIMUM_SAMPLES: usize = 8 * 2_048;

/// One FDK decoder for raw access units.
pub(super) struct FdkDecoder {
    state: NonNull<ffi::AAC_DECODER_INSTANCE>,
    pcm: Box<[i16]>,
    /// FDK conceals by itself in the call that fails: those samples wait here for [`conceal`](Self::conceal).
    waiting: Option<PcmSpec>,
    last: Option<PcmSpec>,
    sbr: bool,
}

// SAFETY: FDK keeps all state of a decoder behind its handle, its tables are constant; the wrapper owns the handle alone
// and every use takes `&mut self`.
unsafe impl Send for FdkDecoder {}

impl FdkDecoder {
    /// Opens a decoder for an AudioSpecificConfig: no limiter and no look-ahead concealment, so that it adds no delay.
    pub fn new(audio_specific_config: &[u8]) -> Result<Self, CodecError> {
        // SAFETY: plain values; the result is checked for null.
        let state = unsafe { ffi::aacDecoder_Open(ffi::TRANSPORT_TYPE_TT_MP4_RAW, 1) };
        let state = NonNull::new(state).ok_or_else(|| library("aacDecoder_Open", 0))?;
        let decoder =
            Self { state, pcm: vec![0; MAXIMUM_SAMPLES].into_boxed_slice(), waiting: None, last: None, sbr: false };
        for (parameter, value) in [
            (ffi::AACDEC_PARAM_AAC_PCM_LIMITER_ENABLE, 0),
            // Noise substitution: the only method that needs no frame of look-ahead.
            (ffi::AACDEC_PARAM_AAC_CONCEAL_METHOD, 1),
            (ffi::AACDEC_PARAM_AAC_PCM_MAX_OUTPUT_CHANNELS, 2),
        ] {
            // SAFETY: the handle is open; parameter and value are ones that FDK defines.
            let code = unsafe { ffi::aacDecoder_SetParam(decoder.state.as_ptr(), parameter, value) };
            if code != ffi::AAC_DECODER_ERROR_AAC_DEC_OK {
                return Err(library("aacDecoder_SetParam", code));
            }
        }
        // FDK takes mutable pointers: give it a copy, though it only reads.
        let mut config = audio_specific_config.to_vec();
        let mut pointer = config.as_mut_ptr();
        let length = config.len() as u32;
        // SAFETY: the handle is open; `pointer` and `length` describe `config`, which outlives the call.
        let code = unsafe { ffi::aacDecoder_ConfigRaw(decoder.state.as_ptr(), &raw mut pointer, &raw const length) };
        if code != ffi::AAC_DECODER_ERROR_AAC_DEC_OK {
            return Err(CodecError::unsupported(format!("this AudioSpecificConfig (FDK code {code:#06x})")));
        }
        Ok(decoder)
    }

    /// Whether spectral band replication was found, signalled or not.
    pub fn has_sbr(&self) -> bool {
        self.sbr
    }

    /// Decodes one access unit of at most 8,191 bytes and appends the samples; the error is FDK's code as text, nothing
    /// is appended then.
    pub fn decode(&mut self, access_unit: &[u8], output: &mut Vec<f32>) -> Result<PcmSpec, String> {
        self.waiting = None;
        // SAFETY: the handle is open; the parameter takes the value 1.
        unsafe {
            ffi::aacDecoder_SetParam(self.state.as_ptr(), ffi::AACDEC_PARAM_AAC_TPDEC_CLEAR_BUFFER, 1);
        }
        let mut pointer = access_unit.as_ptr().cast_mut();
        let length = access_unit.len() as u32;
        let mut left = length;
        // SAFETY: the handle is open; FDK copies from the buffer, which is readable for `length` bytes, and never writes
        // to it (its type lacks a const); `pointer`, `length` and `left` outlive the call.
        let code =
            unsafe { ffi::aacDecoder_Fill(self.state.as_ptr(), &raw mut pointer, &raw const length, &raw mut left) };
        if code != ffi::AAC_DECODER_ERROR_AAC_DEC_OK || left != 0 {
            return Err(format!("FDK took {} of {length} bytes (code {code:#06x})", length - left.min(length)));
        }
        match self.frame(0) {
            Ok(spec) => {
                self.append(spec, output);
                Ok(spec)
            }
            Err(code) => {
                // FDK's IS_OUTPUT_VALID: decode errors come with concealed samples.
                let concealed = (ffi::AAC_DECODER_ERROR_aac_dec_decode_error_start
                    ..=ffi::AAC_DECODER_ERROR_aac_dec_decode_error_end)
                    .contains(&code);
                self.waiting = if concealed { self.shape() } else { None };
                Err(format!("FDK code {code:#06x}"))
            }
        }
    }

    /// Makes up a lost frame; `None` before the first good frame.
    pub fn conceal(&mut self, output: &mut Vec<f32>) -> Option<PcmSpec> {
        let spec = match self.waiting.take() {
            Some(spec) => spec,
            None => match self.frame(ffi::AACDEC_CONCEAL) {
                Ok(spec) => spec,
                Err(_) => {
                    self.pcm.fill(0);
                    self.last?
                }
            },
        };
        self.append(spec, output);
        Some(spec)
    }

    fn frame(&mut self, flags: u32) -> Result<PcmSpec, u32> {
        // SAFETY: the handle is open; `pcm` is writable for the count of samples that the call is told.
        let code = unsafe {
            ffi::aacDecoder_DecodeFrame(self.state.as_ptr(), self.pcm.as_mut_ptr(), self.pcm.len() as i32, flags)
        };
        if code != ffi::AAC_DECODER_ERROR_AAC_DEC_OK {
            return Err(code);
        }
        let spec = self.shape().ok_or(ffi::AAC_DECODER_ERROR_AAC_DEC_UNKNOWN)?;
        self.last = Some(spec);
        Ok(spec)
    }

    /// The shape of what is in `pcm`, from FDK's stream information, checked.
    fn shape(&mut self) -> Option<PcmSpec> {
        // SAFETY: the handle is open; FDK returns null or a pointer into it that is valid until the next call; the
        // structure is plain data and copied at once.
        let info = unsafe { ffi::aacDecoder_GetStreamInfo(self.state.as_ptr()).as_ref().copied() }?;
        let channels = u8::try_from(info.numChannels).ok().filter(|count| (1..=2).contains(count))?;
        let frames = usize::try_from(info.frameSize).ok()?;
        let sample_rate = u32::try_from(info.sampleRate).ok()?;
        let fits = frames > 0 && frames * usize::from(channels) <= self.pcm.len();
        self.sbr = info.sampleRate > info.aacSampleRate;
        fits.then_some(PcmSpec { sample_rate, channels, frames })
    }

    fn append(&self, spec: PcmSpec, output: &mut Vec<f32>) {
        output.extend(self.pcm.iter().take(spec.frames * usize::from(spec.channels)).map(|&sample| from_i16(sample)));
    }
}

impl Drop for FdkDecoder {
    fn drop(&mut self) {
        // SAFETY: the handle came from `aacDecoder_Open`, is owned alone and not used after this.
        unsafe { ffi::aacDecoder_Close(self.state.as_ptr()) }
    }
}

fn library(call: &'static str, code: u32) -> CodecError {
    CodecError::Library { library: "FDK AAC", call, code: code.into() }
}
