//! Whether a sender's marker bit ends frames (RFC 6184 section 5.1 says it does; many senders differ).

/// Frames whose end must have been seen by other means, all of them marked, before the marker alone ends one.
const FRAMES_TO_TRUST: u8 = 3;

/// What is known of a sender's markers.
///
/// Waiting for the next frame's first packet is always right but costs a frame interval; the marker saves it, once it
/// has shown that it deserves it. Senders that mark every slice or NAL unit lose that right for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MarkerTrust {
    /// So many frames were seen to end with it and none to go on behind it.
    Unproven(u8),
    /// It ends frames.
    Proven,
    /// A frame went on behind it: it says nothing.
    Refuted,
}

impl Default for MarkerTrust {
    fn default() -> Self {
        Self::Unproven(0)
    }
}

impl MarkerTrust {
    /// A frame with a marker on its last packet was seen to end there.
    pub(super) fn confirm(&mut self) {
        if let Self::Unproven(frames) = *self {
            let frames = frames + 1;
            *self = if frames >= FRAMES_TO_TRUST { Self::Proven } else { Self::Unproven(frames) };
        }
    }

    /// A frame went on behind a marker.
    pub(super) fn refute(&mut self) {
        *self = Self::Refuted;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trust_is_earned_and_lost_for_good() {
        let mut trust = MarkerTrust::default();
        (0..3).for_each(|_| trust.confirm());
        assert_eq!(trust, MarkerTrust::Proven);
        trust.refute();
        (0..100).for_each(|_| trust.confirm());
        assert_eq!(trust, MarkerTrust::Refuted);
    }
}
