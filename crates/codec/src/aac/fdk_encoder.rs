//! The AAC encoder (ISO/IEC 14496-3 section 4) by Fraunhofer FDK.
#![allow(unsafe_code)]

use super::{AacEncoderSettings, AacProfile};
use crate::CodecError;
use crate::pcm::to_i16;
use bytes::Bytes;
use fdk_aac_sys as ffi;
use rtmp_gateway_media::AacConfig;
use std::ptr::{NonNull, null_mut};

/// Modules of `aacEncOpen`: 0x01 AAC, 0x02 SBR, 0x04 PS.
const MODULES_LC: u32 = 0x01;
const MODULES_HE: u32 = 0x07;

/// One AAC encoder: interleaved `f32` in, one raw access unit for each frame out.
#[derive(Debug)]
pub struct AacEncoder {
    state: NonNull<ffi::AACENCODER>,
    settings: AacEncoderSettings,
    config: AacConfig,
    frame_length: usize,
    delay: u32,
    maximum_unit: usize,
    pcm: Vec<i16>,
}

// SAFETY: FDK keeps all state of an encoder behind its handle, its tables are constant; the wrapper owns the handle alone
// and every use takes `&mut self`.
unsafe impl Send for AacEncoder {}

impl AacEncoder {
    /// Opens an encoder.
    ///
    /// # Errors
    /// [`CodecError::Setting`] for a setting outside its range, [`CodecError::Library`] when FDK refuses (bit rate and
    /// sample rate do not go together), [`CodecError::Unsupported`] in a build without the cargo feature `fdk`.
    pub fn new(settings: AacEncoderSettings) -> Result<Self, CodecError> {
        settings.check()?;
        let (object_type, explicit) = match settings.profile {
            AacProfile::LowComplexity => (2, false),
            AacProfile::HighEfficiency { explicit } => (5, explicit),
            AacProfile::HighEfficiencyV2 { explicit } => (29, explicit),
        };
        let modules = if object_type == 2 { MODULES_LC } else { MODULES_HE };
        let handle = open(modules, settings.channels)?;
        for (parameter, value) in [
            (ffi::AACENC_PARAM_AACENC_AOT, object_type),
            (ffi::AACENC_PARAM_AACENC_SAMPLERATE, settings.sample_rate),
            // MODE_1 and MODE_2: mono and stereo.
            (ffi::AACENC_PARAM_AACENC_CHANNELMODE, settings.channels.into()),
            // Interleaved channels in the order of WAV.
            (ffi::AACENC_PARAM_AACENC_CHANNELORDER, 1),
            (ffi::AACENC_PARAM_AACENC_BITRATEMODE, 0),
            (ffi::AACENC_PARAM_AACENC_BITRATE, settings.bitrate),
            (ffi::AACENC_PARAM_AACENC_TRANSMUX, ffi::TRANSPORT_TYPE_TT_MP4_RAW as u32),
            (ffi::AACENC_PARAM_AACENC_AFTERBURNER, settings.afterburner.into()),
            // 0 implicit, 2 explicit hierarchical (object type first).
            (ffi::AACENC_PARAM_AACENC_SIGNALING_MODE, if explicit { 2 } else { 0 }),
        ] {
            // SAFETY: the handle is open; parameter and value are ones that FDK checks itself.
            let code = unsafe { ffi::aacEncoder_SetParam(handle.0.as_ptr(), parameter, value) };
            ok("aacEncoder_SetParam", code)?;
        }
        // SAFETY: the handle is open; null for all others asks for initialisation only, as FDK documents.
        let code = unsafe { ffi::aacEncEncode(handle.0.as_ptr(), null_mut(), null_mut(), null_mut(), null_mut()) };
        ok("aacEncEncode", code)?;
        // SAFETY: an all-zero value is valid for this structure of integers and a byte array.
        let mut info: ffi::AACENC_InfoStruct = unsafe { std::mem::zeroed() };
        // SAFETY: the handle is open and initialised; `info` outlives the call.
        let code = unsafe { ffi::aacEncInfo(handle.0.as_ptr(), &raw mut info) };
        ok("aacEncInfo", code)?;
        let record = info.confBuf.get(..info.confSize as usize).unwrap_or_default();
        let config = AacConfig::parse(Bytes::copy_from_slice(record))
            .map_err(|error| CodecError::unsupported(format!("FDK's own configuration: {error}")))?;
        Ok(Self {
            state: handle.into_inner(),
            settings,
            config,
            frame_length: info.frameLength as usize,
            delay: info.nDelay,
            maximum_unit: info.maxOutBufBytes as usize,
            pcm: Vec::new(),
        })
    }

    /// The settings that the encoder was opened with.
    pub fn settings(&self) -> AacEncoderSettings {
        self.settings
    }

    /// The configuration for the decoder.
    pub fn config(&self) -> &AacConfig {
        &self.config
    }

    /// Samples of each channel that one [`encode`](Self::encode) takes: 1,024 for LC, 2,048 for HE.
    pub fn frame_length(&self) -> usize {
        self.frame_length
    }

    /// How many samples the decoded signal lags behind what was encoded; 1,600 for LC.
    pub fn delay(&self) -> u32 {
        self.delay
    }

    /// Encodes one frame (interleaved) into `access_unit`, replacing its content; it stays empty only if FDK made
    /// nothing of the frame yet.
    ///
    /// # Errors
    /// [`CodecError::PcmShape`] for another length, [`CodecError::Library`] when FDK fails.
    pub fn encode(&mut self, pcm: &[f32], access_unit: &mut Vec<u8>) -> Result<(), CodecError> {
        let expected = self.frame_length * usize::from(self.settings.channels);
        if pcm.len() != expected {
            return Err(CodecError::PcmShape { samples: pcm.len(), expected });
        }
        self.pcm.clear();
        self.pcm.extend(pcm.iter().map(|&sample| to_i16(sample)));
        access_unit.clear();
        access_unit.resize(self.maximum_unit, 0);

        let mut input = self.pcm.as_mut_ptr().cast();
        let (mut input_kind, mut input_bytes, mut input_element) =
            (ffi::AACENC_BufferIdentifier_IN_AUDIO_DATA as i32, (self.pcm.len() * 2) as i32, 2_i32);
        let source = ffi::AACENC_BufDesc {
            numBufs: 1,
            bufs: &raw mut input,
            bufferIdentifiers: &raw mut input_kind,
            bufSizes: &raw mut input_bytes,
            bufElSizes: &raw mut input_element,
        };
        let mut output = access_unit.as_mut_ptr().cast();
        let (mut output_kind, mut output_bytes, mut output_element) =
            (ffi::AACENC_BufferIdentifier_OUT_BITSTREAM_DATA as i32, access_unit.len() as i32, 1_i32);
        let target = ffi::AACENC_BufDesc {
            numBufs: 1,
            bufs: &raw mut output,
            bufferIdentifiers: &raw mut output_kind,
            bufSizes: &raw mut output_bytes,
            bufElSizes: &raw mut output_element,
        };
        let arguments = ffi::AACENC_InArgs { numInSamples: self.pcm.len() as i32, numAncBytes: 0 };
        let mut result = ffi::AACENC_OutArgs { numOutBytes: 0, numInSamples: 0, numAncBytes: 0, bitResState: 0 };
        // SAFETY: the handle is open; both descriptors point at one buffer each with its true size in bytes, and all of
        // them live on this stack frame or in `self` until after the call.
        let code = unsafe {
            ffi::aacEncEncode(
                self.state.as_ptr(),
                &raw const source,
                &raw const target,
                &raw const arguments,
                &raw mut result,
            )
        };
        access_unit.truncate(usize::try_from(result.numOutBytes).unwrap_or(0));
        ok("aacEncEncode", code)
    }
}

impl Drop for AacEncoder {
    fn drop(&mut self) {
        close(self.state);
    }
}

/// Closes the handle when opening fails half way.
struct OpenHandle(NonNull<ffi::AACENCODER>);

impl OpenHandle {
    fn into_inner(self) -> NonNull<ffi::AACENCODER> {
        let inner = self.0;
        std::mem::forget(self);
        inner
    }
}

impl Drop for OpenHandle {
    fn drop(&mut self) {
        close(self.0);
    }
}

fn open(modules: u32, channels: u8) -> Result<OpenHandle, CodecError> {
    let mut handle = null_mut();
    // SAFETY: `handle` outlives the call; modules and channels are values that FDK checks itself.
    let code = unsafe { ffi::aacEncOpen(&raw mut handle, modules, channels.into()) };
    ok("aacEncOpen", code)?;
    NonNull::new(handle).map(OpenHandle).ok_or(CodecError::Library { library: "FDK AAC", call: "aacEncOpen", code: 0 })
}

fn close(handle: NonNull<ffi::AACENCODER>) {
    let mut handle = handle.as_ptr();
    // SAFETY: the handle came from `aacEncOpen`, is owned alone by the caller and not used after this; the result only
    // says that a handle was null.
    unsafe {
        ffi::aacEncClose(&raw mut handle);
    }
}

fn ok(call: &'static str, code: u32) -> Result<(), CodecError> {
    if code == ffi::AACENC_ERROR_AACENC_OK {
        return Ok(());
    }
    Err(CodecError::Library { library: "FDK AAC", call, code: code.into() })
}
