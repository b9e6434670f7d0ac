//! A number and the sending time carried in every video frame: an SEI message (H.264 annex D, user_data_unregistered), so
//! that the frame stays one that a decoder would take.
//!
//! Wall-clock time, since sender and receiver may be two processes; both are on one machine.

use std::time::{SystemTime, UNIX_EPOCH};

/// Says that the message is ours.
const UUID: [u8; 16] = *b"rtmpgw-loadgen-1";
/// Two 64-bit numbers, 4 bits a byte: no byte is ever 0, so nothing needs emulation prevention.
const NUMBERS: usize = 32;
/// SEI NAL unit: header, payload type 5, payload size, UUID, numbers, stop bit.
pub(crate) const SEI_LENGTH: usize = 3 + UUID.len() + NUMBERS + 1;

/// What a frame carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// Counts the frames of one stream, from 0.
    pub number: u64,
    /// When it was sent, in ns since 1970.
    pub sent: u64,
}

/// The wall clock in ns since 1970.
pub(crate) fn wall_clock() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_nanos() as u64)
}

impl Stamp {
    /// The stamp as an SEI NAL unit.
    pub(crate) fn sei(self) -> [u8; SEI_LENGTH] {
        let mut sei = [0x80; SEI_LENGTH];
        let (head, rest) = sei.split_at_mut(3);
        head.copy_from_slice(&[0x06, 5, (UUID.len() + NUMBERS) as u8]);
        let (uuid, numbers) = rest.split_at_mut(UUID.len());
        uuid.copy_from_slice(&UUID);
        let both = u128::from(self.number) << 64 | u128::from(self.sent);
        for (index, byte) in numbers.iter_mut().take(NUMBERS).enumerate() {
            *byte = 0x40 | (both >> (124 - 4 * index)) as u8 & 0x0F;
        }
        sei
    }

    /// Reads a stamp from the first NAL unit of a video message's payload (the FLV tag header is 5 bytes).
    pub(crate) fn find(body: &[u8]) -> Option<Self> {
        let sei = body.get(5 + 4..)?.get(..SEI_LENGTH)?;
        let rest = sei.strip_prefix(&[0x06, 5, (UUID.len() + NUMBERS) as u8])?.strip_prefix(&UUID)?;
        let both = rest.get(..NUMBERS)?.iter().fold(0u128, |both, byte| both << 4 | u128::from(byte & 0x0F));
        Some(Self { number: (both >> 64) as u64, sent: both as u64 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_stamped_is_found() {
        let stamp = Stamp { number: 0x0102_0300_0000_0004, sent: u64::MAX - 7 };
        let sei = stamp.sei();
        assert!(!sei.contains(&0));
        let body = [&[0x27, 1, 0, 0, 0, 0, 0, 0, SEI_LENGTH as u8][..], &sei, &[0, 0, 0, 1, 0x41]].concat();
        assert_eq!(Stamp::find(&body), Some(stamp));
        assert_eq!(Stamp::find(&body[..40]), None);
        assert_eq!(Stamp::find(&[0; 100]), None);
    }
}
