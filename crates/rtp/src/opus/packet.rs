//! Validation of an Opus packet without decoding it: the framing rules R1 to R7 of RFC 6716 section 3.4.

use super::toc::Toc;
use thiserror::Error;

/// The longest packet, in samples at 48 kHz: 120 ms (R5).
pub const MAX_PACKET_SAMPLES: u32 = 5_760;

/// The longest frame in bytes (R2).
const MAX_FRAME_LENGTH: usize = 1_275;

/// A frame this short carries no sound: the encoder is in discontinuous transmission (RFC 6716 section 2.1.9).
const MAX_DTX_FRAME_LENGTH: usize = 1;

/// How a packet breaks the framing rules; such a packet must not reach a decoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum OpusError {
    /// Not even a table-of-contents byte (R1).
    #[error("empty Opus packet")]
    Empty,
    /// A frame above 1,275 bytes (R2).
    #[error("Opus frame of {length} bytes, at most {MAX_FRAME_LENGTH} are allowed")]
    FrameTooLong {
        /// The frame's length in bytes.
        length: usize,
    },
    /// Frames that must be equally long do not divide the packet (R3, R6).
    #[error("{length} bytes cannot hold {frames} equal Opus frames")]
    UnequalFrames {
        /// Bytes left for the frames.
        length: usize,
        /// How many frames share them.
        frames: usize,
    },
    /// A length field, a frame or the padding reaches beyond the packet (R4, R6, R7).
    #[error("Opus packet ends inside its framing at byte {offset} of {length}")]
    Truncated {
        /// Where the field or the frames start.
        offset: usize,
        /// Bytes in the packet.
        length: usize,
    },
    /// No frame at all, or above 120 ms (R5).
    #[error("Opus packet of {frames} frames of {frame_samples} samples, 1 frame to 120 ms are allowed")]
    Duration {
        /// The frame count.
        frames: usize,
        /// Samples in each frame at 48 kHz.
        frame_samples: u32,
    },
}

/// What the framing of a valid packet says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PacketInfo {
    /// The table-of-contents byte.
    pub toc: Toc,
    /// Frames in the packet, 1 to 48.
    pub frames: u8,
    /// Duration in samples at 48 kHz, 120 to [`MAX_PACKET_SAMPLES`].
    pub samples: u32,
    /// Whether no frame carries sound: the encoder transmits discontinuously, comfort noise is to be played.
    pub dtx: bool,
}

impl PacketInfo {
    /// Checks the framing of `packet` and reads its duration.
    ///
    /// # Errors
    /// Names the rule of RFC 6716 section 3.4 that the packet breaks and where.
    pub fn parse(packet: &[u8]) -> Result<Self, OpusError> {
        let (&first, body) = packet.split_first().ok_or(OpusError::Empty)?;
        let toc = Toc(first);
        let truncated = |offset| OpusError::Truncated { offset, length: packet.len() };
        let (frames, longest) = match toc.frame_count_code() {
            0 => (1, body.len()),
            1 => (2, equal_frames(body.len(), 2)?),
            2 => {
                let (length, field) = frame_length(body).ok_or_else(|| truncated(1))?;
                let rest = body.len() - field;
                (2, length.max(rest.checked_sub(length).ok_or_else(|| truncated(1 + field))?))
            }
            _ => any_frames(toc, packet)?,
        };
        if longest > MAX_FRAME_LENGTH {
            return Err(OpusError::FrameTooLong { length: longest });
        }
        let samples = toc.frame_samples() * frames;
        Ok(Self { toc, frames: frames as u8, samples, dtx: longest <= MAX_DTX_FRAME_LENGTH })
    }
}

/// Each frame's length when `frames` of them fill `length` bytes.
fn equal_frames(length: usize, frames: usize) -> Result<usize, OpusError> {
    if length.is_multiple_of(frames) { Ok(length / frames) } else { Err(OpusError::UnequalFrames { length, frames }) }
}

/// A frame length field of one or two bytes (section 3.2.1): the length, and how many bytes the field took.
fn frame_length(data: &[u8]) -> Option<(usize, usize)> {
    match *data {
        [first @ 0..=251, ..] => Some((usize::from(first), 1)),
        [first, second, ..] => Some((usize::from(second) * 4 + usize::from(first), 2)),
        _ => None,
    }
}

/// Code 3 (section 3.2.5): the frame count and the longest frame's length.
fn any_frames(toc: Toc, packet: &[u8]) -> Result<(u32, usize), OpusError> {
    let truncated = |offset| OpusError::Truncated { offset, length: packet.len() };
    let count_byte = *packet.get(1).ok_or_else(|| truncated(1))?;
    let frames = usize::from(count_byte & 0x3f);
    let frame_samples = toc.frame_samples();
    if frames == 0 || frames as u32 * frame_samples > MAX_PACKET_SAMPLES {
        return Err(OpusError::Duration { frames, frame_samples });
    }
    let mut offset = 2;
    let mut padding = 0;
    let mut more_padding = count_byte & 0x40 != 0;
    while more_padding {
        let value = usize::from(*packet.get(offset).ok_or_else(|| truncated(offset))?);
        offset += 1;
        more_padding = value == 255;
        padding += if more_padding { 254 } else { value };
    }
    let end = packet.len().checked_sub(padding).filter(|end| *end >= offset).ok_or_else(|| truncated(offset))?;
    if count_byte & 0x80 == 0 {
        return Ok((frames as u32, equal_frames(end - offset, frames)?));
    }
    let mut longest = 0;
    let mut total = 0;
    for _ in 1..frames {
        let fields = packet.get(offset..end).unwrap_or_default();
        let (length, field) = frame_length(fields).ok_or_else(|| truncated(offset))?;
        offset += field;
        total += length;
        longest = longest.max(length);
    }
    let last = end.checked_sub(offset + total).ok_or_else(|| truncated(offset))?;
    Ok((frames as u32, longest.max(last)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CELT_20_MS: u8 = 31 << 3;

    fn samples(packet: &[u8]) -> Result<u32, OpusError> {
        PacketInfo::parse(packet).map(|info| info.samples)
    }

    #[test]
    fn one_and_two_frames() {
        assert_eq!(samples(&[CELT_20_MS, 1, 2, 3]), Ok(960));
        assert_eq!(samples(&[CELT_20_MS | 1, 1, 2, 3, 4]), Ok(1_920));
        assert_eq!(samples(&[CELT_20_MS | 1, 1, 2, 3]), Err(OpusError::UnequalFrames { length: 3, frames: 2 }));
        assert_eq!(samples(&[CELT_20_MS | 2, 1, 9, 9]), Ok(1_920));
        assert_eq!(samples(&[CELT_20_MS | 2, 3, 9, 9]), Err(OpusError::Truncated { offset: 2, length: 4 }));
        assert_eq!(samples(&[CELT_20_MS | 2, 252]), Err(OpusError::Truncated { offset: 1, length: 2 }));
    }

    #[test]
    fn any_number_of_frames() {
        assert_eq!(samples(&[CELT_20_MS | 3, 3, 1, 2, 3]), Ok(2_880));
        assert_eq!(samples(&[CELT_20_MS | 3, 0x83, 1, 1, 9, 9, 9]), Ok(2_880));
        assert_eq!(samples(&[CELT_20_MS | 3, 0x41, 2, 9, 0, 0]), Ok(960));
        assert_eq!(samples(&[CELT_20_MS | 3, 6, 1, 2, 3, 4, 5, 6]), Ok(5_760));
        assert_eq!(samples(&[CELT_20_MS | 3, 7]), Err(OpusError::Duration { frames: 7, frame_samples: 960 }));
        assert_eq!(samples(&[CELT_20_MS | 3, 0]), Err(OpusError::Duration { frames: 0, frame_samples: 960 }));
        assert_eq!(samples(&[CELT_20_MS | 3]), Err(OpusError::Truncated { offset: 1, length: 1 }));
        assert_eq!(samples(&[CELT_20_MS | 3, 0x41, 9, 1]), Err(OpusError::Truncated { offset: 3, length: 4 }));
        assert_eq!(samples(&[CELT_20_MS | 3, 0x41, 255]), Err(OpusError::Truncated { offset: 3, length: 3 }));
        assert_eq!(samples(&[CELT_20_MS | 3, 0x83, 9, 9]), Err(OpusError::Truncated { offset: 4, length: 4 }));
    }

    #[test]
    fn frames_are_at_most_1275_bytes() {
        let mut packet = vec![CELT_20_MS];
        packet.resize(1 + 1_275, 0);
        assert_eq!(samples(&packet), Ok(960));
        packet.push(0);
        assert_eq!(samples(&packet), Err(OpusError::FrameTooLong { length: 1_276 }));
        assert_eq!(samples(&[]), Err(OpusError::Empty));
    }

    #[test]
    fn dtx_is_a_packet_without_sound() {
        let dtx = |packet: &[u8]| PacketInfo::parse(packet).unwrap().dtx;
        assert!(dtx(&[CELT_20_MS]) && dtx(&[CELT_20_MS, 0]) && dtx(&[CELT_20_MS | 1]));
        assert!(!dtx(&[CELT_20_MS, 1, 2]) && !dtx(&[CELT_20_MS | 2, 0, 5, 6, 7]));
    }

    #[test]
    fn every_packet_of_four_bytes_is_valid_or_an_error() {
        for first in 0..=255_u8 {
            for second in 0..=255_u8 {
                for third in [0, 1, 2, 251, 252, 255] {
                    for length in 0..=4 {
                        if let Ok(info) = PacketInfo::parse(&[first, second, third, 7][..length]) {
                            assert!((120..=MAX_PACKET_SAMPLES).contains(&info.samples));
                        }
                    }
                }
            }
        }
    }
}
