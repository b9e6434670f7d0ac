//! Reads an Opus packet's table of contents (RFC 6716 section 3) without decoding it.

/// What the first bytes of an Opus packet say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpusPacketInfo {
    /// Duration in samples at 48 kHz: 120 (2.5 ms) to 5,760 (120 ms).
    pub duration: usize,
    /// 1 or 2: how the packet was coded (a decoder may be asked for the other).
    pub channels: u8,
}

/// Longest packet that the RFC allows: 120 ms at 48 kHz.
pub(crate) const MAXIMUM_DURATION: usize = 5_760;

impl OpusPacketInfo {
    /// Reads `packet`; `None` when it is empty, has no frames or lasts longer than 120 ms.
    pub fn parse(packet: &[u8]) -> Option<Self> {
        let &toc = packet.first()?;
        let config = toc >> 3;
        // RFC 6716 table 2: SILK 10/20/40/60 ms, hybrid 10/20 ms, CELT 2.5/5/10/20 ms.
        let frame = match config {
            0..=11 => [480, 960, 1_920, 2_880][usize::from(config & 3)],
            12..=15 => [480, 960][usize::from(config & 1)],
            _ => [120, 240, 480, 960][usize::from(config & 3)],
        };
        let frames = match toc & 3 {
            0 => 1,
            1 | 2 => 2,
            _ => usize::from(packet.get(1)? & 0x3f),
        };
        let duration = frame * frames;
        let channels = if toc & 4 == 0 { 1 } else { 2 };
        (1..=MAXIMUM_DURATION).contains(&duration).then_some(Self { duration, channels })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_of_the_table() {
        let duration = |packet: &[u8]| OpusPacketInfo::parse(packet).map(|info| info.duration);
        assert_eq!(duration(&[0]), Some(480));
        assert_eq!(duration(&[3 << 3]), Some(2_880));
        assert_eq!(duration(&[13 << 3]), Some(960));
        assert_eq!(duration(&[16 << 3]), Some(120));
        assert_eq!(duration(&[31 << 3 | 1]), Some(1_920));
        assert_eq!(duration(&[31 << 3 | 3, 6]), Some(5_760));
        assert_eq!(duration(&[31 << 3 | 3, 7]), None, "140 ms");
        assert_eq!(duration(&[31 << 3 | 3, 0]), None, "no frames");
        assert_eq!(duration(&[31 << 3 | 3]), None, "cut");
        assert_eq!(duration(&[]), None);
        assert_eq!(OpusPacketInfo::parse(&[4]).map(|info| info.channels), Some(2));
    }
}
