//! The Opus decoder (RFC 6716 section 4) at 48 kHz with concealment and in-band FEC, by libopus.
#![allow(unsafe_code)]

use super::packet::{MAXIMUM_DURATION, OpusPacketInfo};
use crate::CodecError;
use crate::pcm::SAMPLE_RATE;
use opusic_sys as ffi;
use std::ptr::NonNull;

/// Longest packet that is looked at: 48 frames of the largest size and their lengths (RFC 6716 section 3.4).
const MAXIMUM_PACKET: usize = 48 * 1_275 + 512;

/// One Opus decoder: packets of 2.5 to 120 ms in, interleaved `f32` at 48 kHz out, in the channel count it was opened
/// with whatever the packets have.
#[derive(Debug)]
pub struct OpusDecoder {
    state: NonNull<ffi::OpusDecoder>,
    channels: u8,
    frame: u64,
}

// SAFETY: as for the encoder: all state is behind the pointer, which the wrapper owns alone; every use is `&mut self`.
unsafe impl Send for OpusDecoder {}

impl OpusDecoder {
    /// Concealment is asked for in steps of 2.5 ms: 120 samples.
    pub const CONCEALMENT_STEP: usize = 120;

    /// Opens a decoder to 1 or 2 `channels`.
    ///
    /// # Errors
    /// [`CodecError::Setting`] for other channel counts, [`CodecError::Library`] when libopus refuses.
    pub fn new(channels: u8) -> Result<Self, CodecError> {
        if !(1..=2).contains(&channels) {
            return Err(CodecError::Setting { setting: "opus.channels", value: channels.into(), range: "1 to 2" });
        }
        let mut error = ffi::OPUS_OK;
        // SAFETY: rate and channel count are values that libopus defines; `error` outlives the call.
        let state = unsafe { ffi::opus_decoder_create(SAMPLE_RATE as i32, i32::from(channels), &raw mut error) };
        let state = NonNull::new(state).ok_or(CodecError::Library {
            library: "libopus",
            call: "opus_decoder_create",
            code: error.into(),
        })?;
        Ok(Self { state, channels, frame: 0 })
    }

    /// The channel count of the output.
    pub fn channels(&self) -> u8 {
        self.channels
    }

    /// Decodes `packet`, appends the samples to `output` and returns how many there are of each channel.
    ///
    /// # Errors
    /// [`CodecError::Decode`] when the packet is broken; nothing was appended, and [`conceal`](Self::conceal) may stand in.
    pub fn decode(&mut self, packet: &[u8], output: &mut Vec<f32>) -> Result<usize, CodecError> {
        self.frame += 1;
        let Some(info) = OpusPacketInfo::parse(packet).filter(|_| packet.len() <= MAXIMUM_PACKET) else {
            return Err(self.error(packet.len(), "not an Opus packet".into()));
        };
        self.run(Some(packet), info.duration, false, output)
    }

    /// Makes up `frames` lost samples of each channel (rounded down to steps of 2.5 ms, at most 120 ms) from the past,
    /// appends them to `output` and returns how many there are.
    ///
    /// # Errors
    /// [`CodecError::Decode`] when libopus fails.
    pub fn conceal(&mut self, frames: usize, output: &mut Vec<f32>) -> Result<usize, CodecError> {
        let frames = frames.min(MAXIMUM_DURATION) / Self::CONCEALMENT_STEP * Self::CONCEALMENT_STEP;
        if frames == 0 {
            return Ok(0);
        }
        self.run(None, frames, false, output)
    }

    /// Recovers the `frames` samples lost right before `next` from the copy in `next` (in-band FEC), or conceals them
    /// when it has none; then `next` itself is to be decoded. Rounding and bounds as for [`conceal`](Self::conceal).
    ///
    /// # Errors
    /// [`CodecError::Decode`] when `next` is broken.
    pub fn decode_fec(&mut self, next: &[u8], frames: usize, output: &mut Vec<f32>) -> Result<usize, CodecError> {
        let frames = frames.min(MAXIMUM_DURATION) / Self::CONCEALMENT_STEP * Self::CONCEALMENT_STEP;
        if frames == 0 {
            return Ok(0);
        }
        if OpusPacketInfo::parse(next).is_none() || next.len() > MAXIMUM_PACKET {
            return Err(self.error(next.len(), "not an Opus packet".into()));
        }
        self.run(Some(next), frames, true, output)
    }

    /// Whether `packet` carries a copy of the one before it (in-band FEC, RFC 6716 section 2.1.7).
    pub fn has_fec(packet: &[u8]) -> bool {
        if OpusPacketInfo::parse(packet).is_none() || packet.len() > MAXIMUM_PACKET {
            return false;
        }
        // SAFETY: `packet` is readable for its length, which is not 0 and fits the type.
        unsafe { ffi::opus_packet_has_lbrr(packet.as_ptr(), packet.len() as i32) == 1 }
    }

    fn run(
        &mut self,
        packet: Option<&[u8]>,
        frames: usize,
        fec: bool,
        output: &mut Vec<f32>,
    ) -> Result<usize, CodecError> {
        let channels = usize::from(self.channels);
        let start = output.len();
        output.resize(start + frames * channels, 0.0);
        let (data, length) = packet.map_or((std::ptr::null(), 0), |packet| (packet.as_ptr(), packet.len()));
        // SAFETY: the decoder is open; `data` is null or readable for `length` bytes (at most MAXIMUM_PACKET, so it fits
        // the type); `output` is writable for `frames` samples of each channel behind `start`, and libopus writes no more
        // than the frame size that it is told.
        let decoded = unsafe {
            ffi::opus_decode_float(
                self.state.as_ptr(),
                data,
                length as i32,
                output.as_mut_ptr().add(start),
                frames as i32,
                i32::from(fec),
            )
        };
        match usize::try_from(decoded) {
            Ok(decoded) => {
                output.truncate(start + decoded * channels);
                Ok(decoded)
            }
            Err(_) => {
                output.truncate(start);
                Err(self.error(length, format!("libopus code {decoded}")))
            }
        }
    }

    fn error(&self, length: usize, reason: String) -> CodecError {
        CodecError::Decode { codec: "Opus", frame: self.frame.saturating_sub(1), length, reason }
    }
}

impl Drop for OpusDecoder {
    fn drop(&mut self) {
        // SAFETY: the pointer came from `opus_decoder_create`, is owned alone and not used after this.
        unsafe { ffi::opus_decoder_destroy(self.state.as_ptr()) }
    }
}
