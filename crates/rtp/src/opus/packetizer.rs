//! Opus packets to RTP payloads (RFC 7587 section 4): one packet each, marked where sound returns after silence.

use super::packet::{OpusError, PacketInfo};
use crate::payload::RtpPayload;
use std::sync::Arc;

/// Makes payloads of one Opus stream; remembers whether the last packet was silence.
#[derive(Debug, Clone, Default)]
pub struct Packetizer {
    talking: bool,
}

impl Packetizer {
    /// A packetizer at the start of a stream: the first packet with sound is marked.
    pub fn new() -> Self {
        Self::default()
    }

    /// The payload of one packet, and its duration in 48 kHz samples: how far the next RTP timestamp is on.
    ///
    /// # Errors
    /// The packet breaks RFC 6716 section 3.4 and is not to be sent.
    pub fn packetize(&mut self, packet: &[u8]) -> Result<(RtpPayload, u32), OpusError> {
        let info = PacketInfo::parse(packet)?;
        let marker = !info.dtx && !self.talking;
        self.talking = !info.dtx;
        Ok((RtpPayload { payload: Arc::from(packet), marker }, info.samples))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_marker_starts_a_talkspurt() {
        let mut packetizer = Packetizer::new();
        let sound: &[u8] = &[0xf8, 1, 2, 3];
        let markers: Vec<bool> =
            [sound, sound, &[0xf8], sound].iter().map(|p| packetizer.packetize(p).unwrap().0.marker).collect();
        assert_eq!(markers, [true, false, false, true]);
        assert_eq!(packetizer.packetize(sound).unwrap().1, 960);
        assert_eq!(packetizer.packetize(&[]), Err(OpusError::Empty));
    }
}
