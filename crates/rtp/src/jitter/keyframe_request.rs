//! When to ask a source for a keyframe (RFC 4585 section 6.3.1, picture loss indication), throttled.

use std::time::{Duration, Instant};

/// The shortest time between two requests: encoders answer each with a keyframe many times the size of other frames.
pub const KEYFRAME_REQUEST_INTERVAL: Duration = Duration::from_millis(500);

/// The wish for a keyframe of one source, however many want it.
#[derive(Debug, Clone, Default)]
pub struct KeyframeRequests {
    wanted_since: Option<Instant>,
    last_sent: Option<Instant>,
    sent: u64,
}

impl KeyframeRequests {
    /// No wish yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Somebody wants a keyframe; repeated until one comes.
    pub fn request(&mut self, now: Instant) {
        self.wanted_since.get_or_insert(now);
    }

    /// A keyframe came.
    pub fn satisfied(&mut self) {
        self.wanted_since = None;
    }

    /// Whether a request is to be sent now; true at most once per [`KEYFRAME_REQUEST_INTERVAL`].
    pub fn poll(&mut self, now: Instant) -> bool {
        let due = self.poll_timeout().is_some_and(|due| due <= now);
        if due {
            self.last_sent = Some(now);
            self.sent += 1;
        }
        due
    }

    /// When [`Self::poll`] will next say yes; maybe in the past.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let wanted = self.wanted_since?;
        Some(self.last_sent.map_or(wanted, |sent| wanted.max(sent + KEYFRAME_REQUEST_INTERVAL)))
    }

    /// Whether somebody wants one.
    pub fn is_wanted(&self) -> bool {
        self.wanted_since.is_some()
    }

    /// Requests sent so far.
    pub fn sent(&self) -> u64 {
        self.sent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_throttled_and_repeated_until_a_keyframe_comes() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut requests = KeyframeRequests::new();
        assert!(!requests.poll(at(0)));
        assert_eq!(requests.poll_timeout(), None);
        requests.request(at(0));
        requests.request(at(1));
        assert!(requests.poll(at(1)) && !requests.poll(at(2)));
        requests.request(at(3));
        assert_eq!(requests.poll_timeout(), Some(at(501)));
        assert!(!requests.poll(at(500)) && requests.poll(at(501)));
        requests.satisfied();
        assert!(!requests.poll(at(5_000)));
        requests.request(at(600));
        assert!(!requests.poll(at(700)) && requests.poll(at(1_001)), "throttled across keyframes too");
        assert_eq!(requests.sent(), 3);
    }
}
