//! The Opus encoder (RFC 6716 section 5) at 48 kHz, 20 ms a packet, by libopus.
#![allow(unsafe_code)]

use super::OPUS_FRAME;
use crate::CodecError;
use crate::pcm::SAMPLE_RATE;
use opusic_sys as ffi;
use std::ptr::NonNull;

/// What the signal is, so that libopus picks its modes well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpusApplication {
    /// Speech: SILK and hybrid modes at low rates. Right for mono up to 32 kb/s (measured PESQ 3.66 against 2.85).
    Voip,
    /// Music and everything else, and all higher rates.
    Audio,
}

/// Settings of an [`OpusEncoder`]; all but channels and application can be changed while it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpusEncoderSettings {
    /// 1 or 2.
    pub channels: u8,
    /// Bits a second, 6,000 to 510,000 (variable, constrained to this mean).
    pub bitrate: u32,
    /// 0 (cheapest) to 10 (best).
    pub complexity: u8,
    /// What the signal is.
    pub application: OpusApplication,
    /// Whether packets carry a coarse copy of the one before (in-band FEC, RFC 6716 section 2.1.7).
    pub fec: bool,
    /// Loss that the encoder protects against, 0 to 100 percent.
    pub expected_loss_percent: u8,
    /// Whether silence stops the packets (RFC 6716 section 2.1.9); then packets of at most 2 bytes come out.
    pub dtx: bool,
}

/// Largest packet: RFC 6716 section 3.4 limits a frame to 1,275 bytes.
const MAXIMUM_PACKET: usize = 1_275;

/// One Opus encoder: 20 ms of interleaved `f32` at 48 kHz in, one packet out.
#[derive(Debug)]
pub struct OpusEncoder {
    state: NonNull<ffi::OpusEncoder>,
    settings: OpusEncoderSettings,
    look_ahead: u32,
}

// SAFETY: libopus keeps all state of an encoder behind its pointer and uses neither thread-local nor global mutable
// state; the wrapper owns the pointer alone and every use takes `&mut self`.
unsafe impl Send for OpusEncoder {}

impl OpusEncoder {
    /// Opens an encoder.
    ///
    /// # Errors
    /// [`CodecError::Setting`] for a setting outside its range, [`CodecError::Library`] when libopus refuses.
    pub fn new(settings: OpusEncoderSettings) -> Result<Self, CodecError> {
        check(&settings)?;
        let application = match settings.application {
            OpusApplication::Voip => ffi::OPUS_APPLICATION_VOIP,
            OpusApplication::Audio => ffi::OPUS_APPLICATION_AUDIO,
        };
        let mut error = ffi::OPUS_OK;
        // SAFETY: rate, channel count and application are values that libopus defines; `error` outlives the call.
        let state = unsafe {
            ffi::opus_encoder_create(SAMPLE_RATE as i32, i32::from(settings.channels), application, &raw mut error)
        };
        let state = NonNull::new(state).ok_or_else(|| library("opus_encoder_create", error))?;
        let mut encoder = Self { state, settings, look_ahead: 0 };
        encoder.apply(settings)?;
        let mut look_ahead = 0_i32;
        // SAFETY: the encoder is open; OPUS_GET_LOOKAHEAD writes one `opus_int32` through the pointer, which is valid.
        let code = unsafe {
            ffi::opus_encoder_ctl(encoder.state.as_ptr(), ffi::OPUS_GET_LOOKAHEAD_REQUEST, &raw mut look_ahead)
        };
        if code != ffi::OPUS_OK {
            return Err(library("OPUS_GET_LOOKAHEAD", code));
        }
        encoder.look_ahead = look_ahead.unsigned_abs();
        Ok(encoder)
    }

    /// The settings in force.
    pub fn settings(&self) -> OpusEncoderSettings {
        self.settings
    }

    /// How many samples (48 kHz) the decoded signal lags behind what was encoded; 312 with libopus 1.6.
    pub fn look_ahead(&self) -> u32 {
        self.look_ahead
    }

    /// Changes everything but channels and application from the next packet on.
    ///
    /// # Errors
    /// [`CodecError::Setting`] for a value outside its range or a change of channels or application.
    pub fn reconfigure(&mut self, settings: OpusEncoderSettings) -> Result<(), CodecError> {
        check(&settings)?;
        if settings.channels != self.settings.channels {
            return Err(setting("opus.channels", settings.channels.into(), "those the encoder was opened with"));
        }
        if settings.application != self.settings.application {
            return Err(setting("opus.application", 0, "the one the encoder was opened with"));
        }
        self.apply(settings)
    }

    /// Encodes 20 ms (960 samples of each channel, interleaved) into `packet`, replacing its content.
    ///
    /// # Errors
    /// [`CodecError::PcmShape`] for another length, [`CodecError::Library`] when libopus fails.
    pub fn encode(&mut self, pcm: &[f32], packet: &mut Vec<u8>) -> Result<(), CodecError> {
        let expected = OPUS_FRAME * usize::from(self.settings.channels);
        if pcm.len() != expected {
            return Err(CodecError::PcmShape { samples: pcm.len(), expected });
        }
        packet.clear();
        packet.resize(MAXIMUM_PACKET, 0);
        // SAFETY: the encoder is open; `pcm` holds 960 samples of each channel as checked above; `packet` is writable
        // for the MAXIMUM_PACKET bytes that the call is told.
        let length = unsafe {
            ffi::opus_encode_float(
                self.state.as_ptr(),
                pcm.as_ptr(),
                OPUS_FRAME as i32,
                packet.as_mut_ptr(),
                MAXIMUM_PACKET as i32,
            )
        };
        let Ok(length) = usize::try_from(length) else {
            packet.clear();
            return Err(library("opus_encode_float", length));
        };
        packet.truncate(length);
        Ok(())
    }

    fn apply(&mut self, settings: OpusEncoderSettings) -> Result<(), CodecError> {
        let values = [
            ("OPUS_SET_BITRATE", ffi::OPUS_SET_BITRATE_REQUEST, settings.bitrate as i32),
            ("OPUS_SET_COMPLEXITY", ffi::OPUS_SET_COMPLEXITY_REQUEST, settings.complexity.into()),
            ("OPUS_SET_INBAND_FEC", ffi::OPUS_SET_INBAND_FEC_REQUEST, settings.fec.into()),
            (
                "OPUS_SET_PACKET_LOSS_PERC",
                ffi::OPUS_SET_PACKET_LOSS_PERC_REQUEST,
                settings.expected_loss_percent.into(),
            ),
            ("OPUS_SET_DTX", ffi::OPUS_SET_DTX_REQUEST, settings.dtx.into()),
        ];
        for (name, request, value) in values {
            // SAFETY: the encoder is open and each of these requests takes one `opus_int32` by value.
            let code = unsafe { ffi::opus_encoder_ctl(self.state.as_ptr(), request, value) };
            if code != ffi::OPUS_OK {
                return Err(library(name, code));
            }
        }
        self.settings = settings;
        Ok(())
    }
}

impl Drop for OpusEncoder {
    fn drop(&mut self) {
        // SAFETY: the pointer came from `opus_encoder_create`, is owned alone and not used after this.
        unsafe { ffi::opus_encoder_destroy(self.state.as_ptr()) }
    }
}

fn check(settings: &OpusEncoderSettings) -> Result<(), CodecError> {
    if !(1..=2).contains(&settings.channels) {
        return Err(setting("opus.channels", settings.channels.into(), "1 to 2"));
    }
    if !(6_000..=510_000).contains(&settings.bitrate) {
        return Err(setting("opus.bitrate", settings.bitrate.into(), "6,000 to 510,000 b/s"));
    }
    if settings.complexity > 10 {
        return Err(setting("opus.complexity", settings.complexity.into(), "0 to 10"));
    }
    if settings.expected_loss_percent > 100 {
        return Err(setting("opus.expected_loss_percent", settings.expected_loss_percent.into(), "0 to 100"));
    }
    Ok(())
}

fn setting(setting: &'static str, value: i64, range: &'static str) -> CodecError {
    CodecError::Setting { setting, value, range }
}

fn library(call: &'static str, code: i32) -> CodecError {
    CodecError::Library { library: "libopus", call, code: code.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: OpusEncoderSettings = OpusEncoderSettings {
        channels: 1,
        bitrate: 64_000,
        complexity: 5,
        application: OpusApplication::Audio,
        fec: false,
        expected_loss_percent: 0,
        dtx: false,
    };

    #[test]
    fn absurd_settings_are_refused_by_name() {
        for (bad, name) in [
            (OpusEncoderSettings { channels: 0, ..SETTINGS }, "opus.channels"),
            (OpusEncoderSettings { channels: 8, ..SETTINGS }, "opus.channels"),
            (OpusEncoderSettings { bitrate: 0, ..SETTINGS }, "opus.bitrate"),
            (OpusEncoderSettings { bitrate: u32::MAX, ..SETTINGS }, "opus.bitrate"),
            (OpusEncoderSettings { complexity: 11, ..SETTINGS }, "opus.complexity"),
            (OpusEncoderSettings { expected_loss_percent: 101, ..SETTINGS }, "opus.expected_loss_percent"),
        ] {
            match OpusEncoder::new(bad) {
                Err(CodecError::Setting { setting, .. }) => assert_eq!(setting, name),
                other => panic!("{name}: {other:?}"),
            }
        }
    }

    #[test]
    fn takes_exactly_20_ms() {
        let mut encoder = OpusEncoder::new(SETTINGS).expect("opens");
        let mut packet = Vec::new();
        assert!(matches!(encoder.encode(&[0.0; 959], &mut packet), Err(CodecError::PcmShape { expected: 960, .. })));
        encoder.encode(&[0.0; 960], &mut packet).expect("encodes");
        assert!(!packet.is_empty());
        assert_eq!(encoder.look_ahead(), 312);
        encoder.encode(&[f32::NAN; 960], &mut packet).expect("a broken sample is no error");
        encoder.encode(&[f32::INFINITY; 960], &mut packet).expect("a broken sample is no error");
    }

    #[test]
    fn reconfigures_while_running() {
        let mut encoder = OpusEncoder::new(SETTINGS).expect("opens");
        encoder.reconfigure(OpusEncoderSettings { bitrate: 16_000, fec: true, ..SETTINGS }).expect("possible");
        assert_eq!(encoder.settings().bitrate, 16_000);
        assert!(encoder.reconfigure(OpusEncoderSettings { channels: 2, ..SETTINGS }).is_err());
        assert!(encoder.reconfigure(OpusEncoderSettings { application: OpusApplication::Voip, ..SETTINGS }).is_err());
    }
}
