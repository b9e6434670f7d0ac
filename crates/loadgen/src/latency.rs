//! Latencies of a window, and their percentiles.

/// Samples kept: enough for 200 players over 10 minutes at 30 a second.
const MAX_SAMPLES: usize = 4_000_000;

/// Samples in microseconds.
#[derive(Debug, Default, Clone)]
pub(crate) struct Latencies {
    samples: Vec<u32>,
    sorted: bool,
}

impl Latencies {
    /// Adds one, given in ns.
    pub(crate) fn add(&mut self, nanoseconds: u64) {
        if self.samples.len() < MAX_SAMPLES {
            self.samples.push(u32::try_from(nanoseconds / 1_000).unwrap_or(u32::MAX));
            self.sorted = false;
        }
    }

    pub(crate) fn clear(&mut self) {
        self.samples.clear();
    }

    pub(crate) fn count(&self) -> usize {
        self.samples.len()
    }

    /// The value in ms that `share` (0 to 1) of the samples do not exceed; `None` without samples.
    pub(crate) fn percentile(&mut self, share: f64) -> Option<f64> {
        if !self.sorted {
            self.samples.sort_unstable();
            self.sorted = true;
        }
        let last = self.samples.len().checked_sub(1)?;
        let index = (last as f64 * share).round() as usize;
        self.samples.get(index.min(last)).map(|micros| f64::from(*micros) / 1_000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_the_samples() {
        let mut latencies = Latencies::default();
        assert_eq!(latencies.percentile(0.5), None);
        for value in (0..=100u64).rev() {
            latencies.add(value * 1_000_000);
        }
        assert_eq!(latencies.percentile(0.5), Some(50.0));
        assert_eq!(latencies.percentile(0.99), Some(99.0));
        assert_eq!(latencies.percentile(1.0), Some(100.0));
    }
}
