//! Payload types of a media section and their parameters (RFC 8866 sections 6.6 and 6.15, RFC 5761 section 4).

/// A payload type with what its `rtpmap`, `fmtp` and `rtcp-fb` lines say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::webrtc) struct PayloadType {
    /// 0 to 127, without 64 to 95 (they would look like RTCP).
    pub(in crate::webrtc) number: u8,
    /// The encoding's name in lower case, empty without an `rtpmap` line.
    pub(super) encoding: String,
    /// Ticks a second.
    pub(super) clock_rate: u32,
    /// Channels of audio, 1 when absent.
    pub(super) channels: u8,
    /// The parameters: names in lower case.
    pub(super) parameters: Vec<(String, String)>,
}

impl PayloadType {
    pub(super) const fn new(number: u8) -> Self {
        Self { number, encoding: String::new(), clock_rate: 0, channels: 1, parameters: Vec::new() }
    }

    /// A parameter's value.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// Reads `opus/48000/2`; `None` when it is malformed.
    pub(super) fn set_map(&mut self, map: &str) -> Option<()> {
        let mut parts = map.trim().split('/');
        self.encoding = parts.next()?.to_ascii_lowercase();
        self.clock_rate = parts.next()?.parse().ok()?;
        self.channels = parts.next().map_or(Some(1), |c| c.parse().ok())?;
        Some(())
    }

    /// Reads `packetization-mode=1;profile-level-id=42e01f`.
    pub(super) fn set_parameters(&mut self, text: &str) {
        for part in text.split(';').take(super::MAX_ENTRIES) {
            let (name, value) = part.trim().split_once('=').unwrap_or((part.trim(), ""));
            self.parameters.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }

    /// H.264's packetization mode (RFC 6184 section 8.1), 0 by default.
    pub(super) fn packetization_mode(&self) -> u8 {
        self.parameter("packetization-mode").and_then(|v| v.parse().ok()).unwrap_or(0)
    }

    /// H.264's profile and level; what browsers take when it is absent is 42 00 1f.
    pub(super) fn profile_level_id(&self) -> Option<[u8; 3]> {
        let Some(text) = self.parameter("profile-level-id") else {
            return Some([0x42, 0x00, 0x1f]);
        };
        let value = (text.len() == 6).then(|| u32::from_str_radix(text, 16).ok())??;
        let [_, profile, constraints, level] = value.to_be_bytes();
        Some([profile, constraints, level])
    }

    /// A flag parameter such as Opus' `stereo=1`.
    pub(super) fn flag(&self, name: &str) -> bool {
        self.parameter(name) == Some("1")
    }
}

/// Whether a number may be a payload type beside multiplexed RTCP (RFC 5761 section 4).
pub(super) const fn is_legal(number: u8) -> bool {
    number < 64 || (number >= 96 && number < 128)
}
