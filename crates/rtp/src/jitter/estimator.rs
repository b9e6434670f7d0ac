//! Measured jitter and reordering, and the wait behind a hole that follows from them (RFC 3550 appendix A.8).

use super::JitterConfig;
use super::MAX_LATENCY;
use super::window::Inserted;
use std::time::{Duration, Instant};

/// The shortest wait behind a hole: networks reorder by a few milliseconds without any jitter to measure.
const MIN_WAIT: Duration = Duration::from_millis(10);

/// Waits cover this many times the mean deviation: 4 leave 0.1 % of a normal distribution outside.
const JITTER_FACTOR: u32 = 4;

/// How much the remembered lateness shrinks with each packet in order, as a power of two: half is left after 177.
const LATENESS_DECAY: u32 = 8;

/// A deviation this large is a jump of the sender's timestamps or a pause, and says nothing of the network.
const MAX_DEVIATION: Duration = Duration::from_secs(1);

/// Estimates of one source.
#[derive(Debug, Clone)]
pub(super) struct JitterEstimator {
    clock_rate: u32,
    last: Option<(Instant, u32)>,
    /// Sixteen times the jitter in microseconds, as in appendix A.8.
    scaled_jitter: u64,
    /// The longest that a packet recently came behind its successors.
    lateness: Duration,
}

impl JitterEstimator {
    pub(super) fn new(clock_rate: u32) -> Self {
        Self { clock_rate, last: None, scaled_jitter: 0, lateness: Duration::ZERO }
    }

    /// Notes an arrived packet.
    pub(super) fn handle(&mut self, now: Instant, timestamp: u32, inserted: Inserted) {
        match inserted {
            Inserted::Newest => self.packet_in_order(now, timestamp),
            Inserted::Filled { lateness } | Inserted::Late { lateness: Some(lateness) } => self.packet_late(lateness),
            Inserted::Restarted => self.last = None,
            Inserted::Late { lateness: None } | Inserted::Duplicate | Inserted::Suspect => {}
        }
    }

    /// A packet arrived ahead of all others. Only the first of each timestamp counts: the packets of a frame are sent
    /// one after the other and would measure the sender's pacing.
    fn packet_in_order(&mut self, now: Instant, timestamp: u32) {
        let Some((last_arrival, last_timestamp)) = self.last else {
            self.last = Some((now, timestamp));
            return;
        };
        if timestamp == last_timestamp {
            return;
        }
        self.last = Some((now, timestamp));
        let elapsed = now.saturating_duration_since(last_arrival).as_micros() as i64;
        let ticks = i64::from(timestamp.wrapping_sub(last_timestamp) as i32);
        let media = ticks * 1_000_000 / i64::from(self.clock_rate);
        let deviation = elapsed.abs_diff(media);
        if deviation > MAX_DEVIATION.as_micros() as u64 {
            return;
        }
        self.scaled_jitter = (self.scaled_jitter + deviation).saturating_sub((self.scaled_jitter + 8) >> 4);
        self.lateness -= self.lateness / (1 << LATENESS_DECAY);
    }

    /// A packet arrived `lateness` behind one that should have come after it.
    fn packet_late(&mut self, lateness: Duration) {
        self.lateness = self.lateness.max(lateness.min(MAX_LATENCY));
    }

    pub(super) fn jitter(&self) -> Duration {
        Duration::from_micros(self.scaled_jitter >> 4)
    }

    /// How long a hole is worth waiting for.
    pub(super) fn wait(&self, config: &JitterConfig) -> Duration {
        let limit = config.max_latency.min(MAX_LATENCY);
        if config.retransmission {
            return limit;
        }
        MIN_WAIT.max(self.jitter() * JITTER_FACTOR).max(self.lateness + self.lateness / 2).min(limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REORDERING: JitterConfig = JitterConfig { max_latency: MAX_LATENCY, retransmission: false };

    fn run(delays_ms: &[u64]) -> JitterEstimator {
        let start = Instant::now();
        let mut estimator = JitterEstimator::new(48_000);
        for (index, delay) in delays_ms.iter().enumerate() {
            let now = start + Duration::from_millis(20 * index as u64 + delay);
            estimator.packet_in_order(now, (index as u32).wrapping_mul(960).wrapping_sub(4_000));
        }
        estimator
    }

    #[test]
    fn a_clean_network_has_no_jitter_and_the_shortest_wait() {
        let estimator = run(&[0; 100]);
        assert_eq!(estimator.jitter(), Duration::ZERO);
        assert_eq!(estimator.wait(&REORDERING), MIN_WAIT);
        assert_eq!(estimator.wait(&JitterConfig::default()), MAX_LATENCY);
    }

    #[test]
    fn the_wait_follows_the_jitter_within_the_budget() {
        let alternating: Vec<u64> = (0..200).map(|i| if i % 2 == 0 { 0 } else { 10 }).collect();
        let jitter = run(&alternating).jitter();
        assert!(jitter.abs_diff(Duration::from_millis(10)) < Duration::from_millis(1), "{jitter:?}");
        let wild: Vec<u64> = (0..200).map(|i| if i % 2 == 0 { 0 } else { 900 }).collect();
        assert_eq!(run(&wild).wait(&REORDERING), MAX_LATENCY);
    }

    #[test]
    fn lateness_is_remembered_and_fades() {
        let mut estimator = run(&[0; 10]);
        estimator.packet_late(Duration::from_millis(40));
        assert_eq!(estimator.wait(&REORDERING), Duration::from_millis(60));
        let (start, _) = estimator.last.unwrap();
        for index in 1..=1_000_u32 {
            estimator.packet_in_order(start + Duration::from_millis(20) * index, index.wrapping_mul(960));
        }
        assert!(estimator.wait(&REORDERING) < Duration::from_millis(15));
    }

    #[test]
    fn hostile_70_timestamp_jumps_are_no_jitter() {
        let mut estimator = JitterEstimator::new(90_000);
        let start = Instant::now();
        for index in 0..1_000_u32 {
            estimator.packet_in_order(start, index.wrapping_mul(0x7fff_ffff));
        }
        assert_eq!(estimator.jitter(), Duration::ZERO);
    }
}
