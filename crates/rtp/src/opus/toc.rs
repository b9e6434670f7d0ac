//! The table-of-contents byte every Opus packet starts with (RFC 6716 section 3.1).

/// Which of Opus's coders made a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Linear prediction, for speech. Only this one and hybrid can carry in-band FEC.
    Silk,
    /// SILK below 8 kHz, CELT above.
    Hybrid,
    /// Transform coding, for music.
    Celt,
}

/// The coded audio bandwidth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Bandwidth {
    /// 4 kHz.
    Narrow,
    /// 6 kHz.
    Medium,
    /// 8 kHz.
    Wide,
    /// 12 kHz.
    SuperWide,
    /// 20 kHz.
    Full,
}

/// A table-of-contents byte; every value is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Toc(pub u8);

impl Toc {
    /// The configuration number, 0 to 31: mode, bandwidth and frame duration together.
    pub const fn config(self) -> u8 {
        self.0 >> 3
    }

    /// Whether the packet was coded in stereo (a decoder may still output either).
    pub const fn stereo(self) -> bool {
        self.0 & 0x04 != 0
    }

    /// The frame count code, 0 to 3: one frame, two equal, two, or any number.
    pub const fn frame_count_code(self) -> u8 {
        self.0 & 0x03
    }

    /// The coder.
    pub const fn mode(self) -> Mode {
        match self.config() {
            0..=11 => Mode::Silk,
            12..=15 => Mode::Hybrid,
            _ => Mode::Celt,
        }
    }

    /// The bandwidth.
    pub const fn bandwidth(self) -> Bandwidth {
        match self.config() {
            0..=3 | 16..=19 => Bandwidth::Narrow,
            4..=7 => Bandwidth::Medium,
            8..=11 | 20..=23 => Bandwidth::Wide,
            12..=13 | 24..=27 => Bandwidth::SuperWide,
            _ => Bandwidth::Full,
        }
    }

    /// Samples at 48 kHz in one frame: 120 (2.5 ms) to 2,880 (60 ms).
    pub const fn frame_samples(self) -> u32 {
        match self.config() {
            config @ 0..=11 => match config & 0x03 {
                0 => 480,
                1 => 960,
                2 => 1_920,
                _ => 2_880,
            },
            config @ 12..=15 => 480 << (config & 0x01),
            config => 120 << (config & 0x03),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_section_3_1() {
        let cases = [
            (0, Mode::Silk, Bandwidth::Narrow, 480),
            (3, Mode::Silk, Bandwidth::Narrow, 2_880),
            (5, Mode::Silk, Bandwidth::Medium, 960),
            (10, Mode::Silk, Bandwidth::Wide, 1_920),
            (12, Mode::Hybrid, Bandwidth::SuperWide, 480),
            (15, Mode::Hybrid, Bandwidth::Full, 960),
            (16, Mode::Celt, Bandwidth::Narrow, 120),
            (21, Mode::Celt, Bandwidth::Wide, 240),
            (26, Mode::Celt, Bandwidth::SuperWide, 480),
            (31, Mode::Celt, Bandwidth::Full, 960),
        ];
        for (config, mode, bandwidth, samples) in cases {
            let toc = Toc(config << 3);
            assert_eq!((toc.mode(), toc.bandwidth(), toc.frame_samples()), (mode, bandwidth, samples), "{config}");
        }
        assert!(Toc(0x04).stereo() && !Toc(0xfb).stereo());
        assert_eq!(Toc(0xff).frame_count_code(), 3);
    }
}
