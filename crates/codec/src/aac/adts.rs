//! ADTS headers (ISO/IEC 14496-3 section 1.A.2.2): some senders wrap their access units in them against the rules of FLV.

use rtmp_gateway_media::AacConfig;

/// Length of a header without and with its CRC.
const HEADER: usize = 7;
const HEADER_WITH_CRC: usize = 9;
const SAMPLE_RATES: [u32; 13] =
    [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];

/// One ADTS frame: what its header says and the raw access unit behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdtsFrame<'a> {
    /// Core sample rate in Hz.
    pub sample_rate: u32,
    /// `channel_configuration`, 1 to 7.
    pub channel_configuration: u8,
    /// The raw access unit.
    pub access_unit: &'a [u8],
}

impl AdtsFrame<'_> {
    /// The configuration that the header stands for; `None` when there is none (reserved values).
    pub fn config(&self) -> Option<AacConfig> {
        let channels = if self.channel_configuration == 7 { 8 } else { self.channel_configuration };
        AacConfig::lc(self.sample_rate, channels).ok()
    }
}

/// Whether `payload` starts with an ADTS header. A raw access unit never does: its first three bits would be the end
/// marker of an empty frame.
pub fn is_adts(payload: &[u8]) -> bool {
    parse(payload).is_some()
}

/// The ADTS frames in `payload`, one after the other; ends at the first bytes that are none.
pub fn frames(payload: &[u8]) -> impl Iterator<Item = AdtsFrame<'_>> {
    let mut rest = payload;
    std::iter::from_fn(move || {
        let (frame, length) = parse(rest)?;
        rest = rest.get(length..)?;
        Some(frame)
    })
}

/// The frame at the start of `bytes` and its whole length.
fn parse(bytes: &[u8]) -> Option<(AdtsFrame<'_>, usize)> {
    let header = bytes.first_chunk::<HEADER>()?;
    let [sync_high, sync_low, rates, channels_length, length_middle, length_low, blocks] = header.map(usize::from);
    // Sync word (12 bits), any version, layer 0.
    if sync_high != 0xff || sync_low & 0xf6 != 0xf0 {
        return None;
    }
    let header_length = if sync_low & 1 == 0 { HEADER_WITH_CRC } else { HEADER };
    let sample_rate = *SAMPLE_RATES.get(rates >> 2 & 15)?;
    let channel_configuration = ((rates & 1) << 2 | channels_length >> 6) as u8;
    let length = (channels_length & 3) << 11 | length_middle << 3 | length_low >> 5;
    // More than one raw block in a frame is legal but made by nobody.
    if blocks & 3 != 0 || channel_configuration == 0 {
        return None;
    }
    let access_unit = bytes.get(header_length..length)?;
    Some((AdtsFrame { sample_rate, channel_configuration, access_unit }, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrap(payload: &[u8]) -> Vec<u8> {
        let length = payload.len() + 7;
        // 44.1 kHz, stereo, no CRC.
        let mut frame =
            vec![0xff, 0xf1, 0x50, 0x80 | (length >> 11) as u8, (length >> 3) as u8, (length << 5) as u8, 0xfc];
        frame.extend_from_slice(payload);
        frame
    }

    #[test]
    fn unwraps_one_and_several() {
        let mut bytes = wrap(&[1, 2, 3]);
        bytes.extend(wrap(&[4]));
        let found: Vec<_> = frames(&bytes).collect();
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].sample_rate, found[0].channel_configuration), (44_100, 2));
        assert_eq!(found[0].access_unit, [1, 2, 3]);
        assert_eq!(found[1].access_unit, [4]);
        assert_eq!(found[0].config().map(|config| config.channels()), Some(2));
    }

    #[test]
    fn cut_and_broken_headers_are_none() {
        let bytes = wrap(&[1, 2, 3]);
        for cut in 0..bytes.len() {
            assert!(!is_adts(&bytes[..cut]), "{cut}");
        }
        let mut short = bytes.clone();
        short[4] = 0;
        short[5] = 0;
        assert!(!is_adts(&short), "a length below the header makes no progress");
        let mut rate = bytes;
        rate[2] = 0xff;
        assert!(!is_adts(&rate));
        assert!(!is_adts(&[0x21, 0x49, 0x90, 2, 0x19, 0, 0x23, 0x80]));
    }
}
