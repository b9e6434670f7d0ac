//! Rates over the last few seconds, from counters sampled as units pass.

use std::time::{Duration, Instant};

/// One bucket's length.
const BUCKET: Duration = Duration::from_millis(500);
/// Buckets looked at: 2 seconds of closed buckets plus the open one.
const BUCKETS: usize = 5;

/// Counts and bytes a second over a sliding window.
#[derive(Debug, Clone)]
pub(crate) struct RateMeter {
    start: Instant,
    last: u64,
    buckets: [(u32, u64); BUCKETS],
}

impl RateMeter {
    pub(crate) fn new(now: Instant) -> Self {
        Self { start: now, last: 0, buckets: [(0, 0); BUCKETS] }
    }

    fn advance(&mut self, now: Instant) {
        let current = (now.saturating_duration_since(self.start).as_millis() / BUCKET.as_millis()) as u64;
        let steps = current.saturating_sub(self.last).min(BUCKETS as u64);
        for step in 1..=steps {
            // Clears the oldest buckets as time passes them; only the last BUCKETS matter however long the pause was.
            let index = (current - steps + step) as usize % BUCKETS;
            self.buckets[index] = (0, 0);
        }
        self.last = self.last.max(current);
    }

    /// Counts one unit of `bytes` bytes.
    pub(crate) fn record(&mut self, now: Instant, bytes: usize) {
        self.advance(now);
        let bucket = &mut self.buckets[self.last as usize % BUCKETS];
        bucket.0 += 1;
        bucket.1 += bytes as u64;
    }

    /// Units a second and bits a second.
    pub(crate) fn rates(&mut self, now: Instant) -> (f64, f64) {
        self.advance(now);
        let age = now.saturating_duration_since(self.start).as_secs_f64();
        let open = age % BUCKET.as_secs_f64();
        let window = (BUCKET.as_secs_f64() * (BUCKETS - 1) as f64 + open).min(age).max(0.1);
        let (units, bytes) =
            self.buckets.iter().fold((0_u64, 0_u64), |sum, bucket| (sum.0 + u64::from(bucket.0), sum.1 + bucket.1));
        (units as f64 / window, bytes as f64 * 8.0 / window)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures_a_steady_rate_and_forgets() {
        let start = Instant::now();
        let mut meter = RateMeter::new(start);
        for frame in 0..300_u32 {
            meter.record(start + Duration::from_millis(u64::from(frame) * 40), 1_000);
        }
        let (fps, bitrate) = meter.rates(start + Duration::from_secs(12));
        assert!((fps - 25.0).abs() < 1.5, "{fps}");
        assert!((bitrate - 200_000.0).abs() < 12_000.0, "{bitrate}");
        assert_eq!(meter.rates(start + Duration::from_secs(60)).0, 0.0);
    }
}
