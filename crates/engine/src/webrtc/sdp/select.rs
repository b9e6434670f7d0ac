//! Which of the offered payload types is answered (RFC 6184 section 8.2.2, RFC 7587 section 7).

use super::payload::PayloadType;
use super::section::Section;

/// H.264 profiles as far as browsers tell them apart in SDP (RFC 6184 section 8.1, table 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Profile {
    ConstrainedBaseline,
    Baseline,
    Main,
    ConstrainedHigh,
    High,
    Other,
}

impl Profile {
    const fn of([profile, constraints, _]: [u8; 3]) -> Self {
        match (profile, constraints) {
            (0x42, c) if c & 0x40 != 0 => Self::ConstrainedBaseline,
            (0x4d, c) if c & 0x80 != 0 => Self::ConstrainedBaseline,
            (0x42, _) => Self::Baseline,
            (0x4d, _) => Self::Main,
            (0x64, 0x0c) => Self::ConstrainedHigh,
            (0x64, _) => Self::High,
            _ => Self::Other,
        }
    }

    /// How well a stream of profile `self` goes out under an offered profile: more is better.
    ///
    /// Browsers decode any of them whatever the payload type says (measured: High under 42e01f plays), so that nothing
    /// scores zero; constrained baseline is what everyone offers.
    fn fit(self, offered: Self) -> u8 {
        match (self, offered) {
            (a, b) if a == b => 5,
            (Self::ConstrainedBaseline, Self::Baseline) | (Self::ConstrainedHigh, Self::High) => 4,
            (Self::Main | Self::Baseline, Self::High) | (Self::High, Self::ConstrainedHigh) => 3,
            (_, Self::ConstrainedBaseline) => 2,
            _ => 1,
        }
    }
}

/// The H.264 payload type for a stream of this profile (constrained baseline when unknown).
///
/// Packetization mode 1 comes first: mode 0 cannot carry a picture larger than a packet.
pub(in crate::webrtc) fn select_h264(section: &Section, stream: Option<[u8; 3]>) -> Option<&PayloadType> {
    let stream = Profile::of(stream.unwrap_or([0x42, 0xe0, 0x1f]));
    let score = |p: &PayloadType| {
        let id = p.profile_level_id()?;
        (p.packetization_mode() <= 1).then(|| (p.packetization_mode(), stream.fit(Profile::of(id))))
    };
    let offered = section.payloads.iter().filter(|p| p.encoding == "h264" && p.clock_rate == 90_000);
    // The first of equals wins: the peer's order is its preference.
    let mut best: Option<(&PayloadType, (u8, u8))> = None;
    for payload in offered {
        if let Some(score) = score(payload)
            && best.is_none_or(|(_, b)| score > b)
        {
            best = Some((payload, score));
        }
    }
    best.map(|(payload, _)| payload)
}

/// The Opus payload type.
pub(in crate::webrtc) fn select_opus(section: &Section) -> Option<&PayloadType> {
    section.payloads.iter().find(|p| p.encoding == "opus" && p.clock_rate == 48_000 && p.channels == 2)
}

/// The repair payload type (RFC 4588 section 8.1) of another one.
pub(super) fn repair_of(section: &Section, payload: u8) -> Option<u8> {
    let is_repair = |p: &&PayloadType| {
        p.encoding == "rtx" && p.parameter("apt").and_then(|a| a.parse::<u8>().ok()) == Some(payload)
    };
    section.payloads.iter().find(is_repair).map(|p| p.number)
}
