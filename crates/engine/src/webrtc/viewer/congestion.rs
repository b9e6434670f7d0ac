//! What a viewer's network carries, from transport-wide feedback, and what is sent accordingly without re-encoding.
//!
//! Random loss is repaired; a network that is too slow is not helped by repairs. Pictures of phones and browsers all refer
//! to each other, so that the only thing to leave out is everything up to the next keyframe.

use std::fmt;
use std::time::Duration;

/// Loss above this is a network that is too slow, not a bad radio: repairs would only add to it.
const BAD_LOSS: f32 = 0.35;
/// A round trip, with the wait for feedback, above this is a queue that only grows.
const BAD_ROUND_TRIP: Duration = Duration::from_secs(1);
/// Loss below this is a network that has room.
const GOOD_LOSS: f32 = 0.10;
/// See [`GOOD_LOSS`].
const GOOD_ROUND_TRIP: Duration = Duration::from_millis(400);
/// Bad reports in a row (one a second) before less is sent.
const BAD_REPORTS: u32 = 2;
/// Good reports in a row before more is sent, at first; doubled each time that was too early.
const MIN_PATIENCE: u32 = 5;
/// See [`MIN_PATIENCE`].
const MAX_PATIENCE: u32 = 60;
/// Fewer packets than this a second say nothing about the network.
const FEW_PACKETS: u64 = 10;

/// How much of a stream a viewer is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Delivery {
    /// Sound only: the network does not even carry keyframes.
    Audio,
    /// Keyframes and sound: the network is too slow for the rest.
    Keyframes,
    /// Everything.
    Full,
}

impl fmt::Display for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Audio => "audio",
            Self::Keyframes => "keyframes",
            Self::Full => "full",
        })
    }
}

/// One second's feedback.
#[derive(Debug, Clone, Copy)]
pub(in crate::webrtc) struct Feedback {
    /// The share of packets that did not arrive; `None` when the peer reported on none.
    pub(in crate::webrtc) loss: Option<f32>,
    /// From sending a packet to the report on it.
    pub(in crate::webrtc) round_trip: Option<Duration>,
    /// Packets sent.
    pub(in crate::webrtc) sent: u64,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Congestion {
    pub(super) delivery: Delivery,
    /// Whether the peer reports at all: not all do.
    reports: bool,
    bad: u32,
    good: u32,
    patience: u32,
}

impl Congestion {
    pub(super) const fn new() -> Self {
        Self { delivery: Delivery::Full, reports: false, bad: 0, good: 0, patience: MIN_PATIENCE }
    }

    /// Takes a second's feedback; `true` when less is to be sent from now on.
    pub(super) fn update(&mut self, feedback: Feedback) -> bool {
        self.reports |= feedback.loss.is_some();
        if !self.reports {
            return false;
        }
        let round_trip = feedback.round_trip.unwrap_or(Duration::ZERO);
        let (bad, good) = match feedback.loss {
            _ if feedback.sent < FEW_PACKETS => (false, true),
            // Much was sent and nothing reported: the reports, or the packets, take too long to be of use.
            None => (true, false),
            Some(loss) => {
                (loss > BAD_LOSS || round_trip > BAD_ROUND_TRIP, loss < GOOD_LOSS && round_trip < GOOD_ROUND_TRIP)
            }
        };
        self.bad = if bad { self.bad + 1 } else { 0 };
        self.good = if good { self.good + 1 } else { 0 };
        if self.bad >= BAD_REPORTS && self.delivery > Delivery::Audio {
            self.bad = 0;
            self.patience = (self.patience * 2).min(MAX_PATIENCE);
            self.delivery = if self.delivery == Delivery::Full { Delivery::Keyframes } else { Delivery::Audio };
            return true;
        }
        if self.good >= self.patience && self.delivery < Delivery::Full {
            self.good = 0;
            self.delivery = if self.delivery == Delivery::Audio { Delivery::Keyframes } else { Delivery::Full };
        }
        if self.good >= MAX_PATIENCE {
            self.patience = MIN_PATIENCE;
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feedback(loss: f32, milliseconds: u64) -> Feedback {
        Feedback { loss: Some(loss), round_trip: Some(Duration::from_millis(milliseconds)), sent: 300 }
    }

    fn after(congestion: &mut Congestion, seconds: u32, feedback: Feedback) -> Delivery {
        for _ in 0..seconds {
            congestion.update(feedback);
        }
        congestion.delivery
    }

    #[test]
    fn repairable_loss_changes_nothing() {
        let mut congestion = Congestion::new();
        assert_eq!(after(&mut congestion, 600, feedback(0.3, 150)), Delivery::Full);
    }

    #[test]
    fn a_slow_network_gets_keyframes_and_then_sound_only() {
        for bad in [feedback(0.8, 100), feedback(0.0, 3_000), Feedback { loss: None, round_trip: None, sent: 300 }] {
            let mut congestion = Congestion::new();
            after(&mut congestion, 3, feedback(0.0, 100));
            assert_eq!(after(&mut congestion, 1, bad), Delivery::Full);
            assert_eq!(after(&mut congestion, 1, bad), Delivery::Keyframes);
            assert_eq!(after(&mut congestion, 2, bad), Delivery::Audio);
        }
    }

    #[test]
    fn it_recovers_step_by_step_and_more_slowly_when_that_was_too_early() {
        let (good, bad) = (feedback(0.0, 100), feedback(0.8, 100));
        let mut congestion = Congestion::new();
        after(&mut congestion, 2, bad);
        assert_eq!(after(&mut congestion, 9, good), Delivery::Keyframes);
        assert_eq!(after(&mut congestion, 1, good), Delivery::Full);
        after(&mut congestion, 2, bad);
        assert_eq!(after(&mut congestion, 19, good), Delivery::Keyframes);
        assert_eq!(after(&mut congestion, 1, good), Delivery::Full);
        after(&mut congestion, 60, good);
        after(&mut congestion, 2, bad);
        assert_eq!(after(&mut congestion, 10, good), Delivery::Full, "patience is forgotten after a good minute");
    }

    #[test]
    fn a_peer_that_never_reports_gets_everything() {
        let mut congestion = Congestion::new();
        let silent = Feedback { loss: None, round_trip: None, sent: 300 };
        assert_eq!(after(&mut congestion, 100, silent), Delivery::Full);
    }

    #[test]
    fn sound_only_without_sound_is_tried_again() {
        let mut congestion = Congestion::new();
        after(&mut congestion, 4, feedback(0.8, 100));
        assert_eq!(congestion.delivery, Delivery::Audio);
        let idle = Feedback { loss: None, round_trip: None, sent: 1 };
        assert_eq!(after(&mut congestion, MAX_PATIENCE * 2, idle), Delivery::Full);
    }
}
