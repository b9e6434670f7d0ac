//! One direction of a lossy packet network in virtual time.

use crate::SeededRandom;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How a link treats packets; the default delivers at once, in order and without loss.
#[derive(Debug, Clone, Copy, Default)]
pub struct LinkConfig {
    /// Share of packets that vanish, 0 to 1, independent of each other.
    pub loss: f64,
    /// Delay of every packet.
    pub delay: Duration,
    /// Additional delay, evenly spread from 0 to this; order is kept.
    pub jitter: Duration,
    /// Share of packets, 0 to 1, that arrive later than those behind them.
    pub reorder: f64,
    /// How much later reordered packets arrive.
    pub reorder_delay: Duration,
    /// Share of packets, 0 to 1, that arrive twice.
    pub duplicate: f64,
}

/// What a link did so far, in packets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LinkStatistics {
    /// Given to the link.
    pub sent: u64,
    /// Lost.
    pub lost: u64,
    /// Delivered, duplicates included.
    pub delivered: u64,
}

/// A link that carries values of `T` (packets, messages) from one end to the other.
#[derive(Debug, Clone)]
pub struct Link<T> {
    config: LinkConfig,
    random: SeededRandom,
    /// By arrival, then by order of sending.
    in_flight: BTreeMap<(Instant, u64), T>,
    sequence: u64,
    last_arrival: Option<Instant>,
    statistics: LinkStatistics,
}

impl<T: Clone> Link<T> {
    /// A link whose losses and delays follow from `seed`.
    pub fn new(config: LinkConfig, seed: u64) -> Self {
        Self {
            config,
            random: SeededRandom::new(seed),
            in_flight: BTreeMap::new(),
            sequence: 0,
            last_arrival: None,
            statistics: LinkStatistics::default(),
        }
    }

    /// Changes the conditions for packets sent from now on (a blackout: loss 1).
    pub fn set_config(&mut self, config: LinkConfig) {
        self.config = config;
    }

    /// Puts a packet on the link.
    pub fn send(&mut self, now: Instant, packet: T) {
        self.statistics.sent += 1;
        if self.random.chance(self.config.loss) {
            self.statistics.lost += 1;
            return;
        }
        let jitter = self.config.jitter.mul_f64(self.random.unit());
        let mut arrival = now + self.config.delay + jitter;
        if self.random.chance(self.config.reorder) {
            arrival += self.config.reorder_delay;
        } else {
            // Queues delay packets, they do not swap them.
            arrival = self.last_arrival.map_or(arrival, |last| arrival.max(last));
            self.last_arrival = Some(arrival);
        }
        if self.random.chance(self.config.duplicate) {
            self.enqueue(arrival, packet.clone());
        }
        self.enqueue(arrival, packet);
    }

    fn enqueue(&mut self, arrival: Instant, packet: T) {
        self.sequence += 1;
        self.in_flight.insert((arrival, self.sequence), packet);
    }

    /// The next packet that has arrived by `now`.
    pub fn receive(&mut self, now: Instant) -> Option<T> {
        let entry = self.in_flight.first_entry().filter(|entry| entry.key().0 <= now)?;
        self.statistics.delivered += 1;
        Some(entry.remove())
    }

    /// When the next packet arrives.
    pub fn next_arrival(&self) -> Option<Instant> {
        self.in_flight.first_key_value().map(|((arrival, _), _)| *arrival)
    }

    /// Counts so far.
    pub fn statistics(&self) -> LinkStatistics {
        self.statistics
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(config: LinkConfig, seed: u64, packets: u32) -> Vec<(Duration, u32)> {
        let start = Instant::now();
        let mut link = Link::new(config, seed);
        for n in 0..packets {
            link.send(start + Duration::from_millis(u64::from(n)), n);
        }
        let mut out = Vec::new();
        while let Some(at) = link.next_arrival() {
            while let Some(n) = link.receive(at) {
                out.push((at - start, n));
            }
        }
        out
    }

    #[test]
    fn a_perfect_link_keeps_everything() {
        let config = LinkConfig { delay: Duration::from_millis(25), ..LinkConfig::default() };
        let expected: Vec<_> = (0..100).map(|n| (Duration::from_millis(25 + u64::from(n)), n)).collect();
        assert_eq!(run(config, 1, 100), expected);
    }

    #[test]
    fn losses_follow_from_the_seed() {
        let config = LinkConfig { loss: 0.1, jitter: Duration::from_millis(30), ..LinkConfig::default() };
        let first = run(config, 7, 10_000);
        assert_eq!(first, run(config, 7, 10_000));
        assert_ne!(first, run(config, 8, 10_000));
        assert!((8_700..9_300).contains(&first.len()));
        assert!(first.is_sorted_by_key(|(_, n)| *n), "jitter alone keeps the order");
    }

    #[test]
    fn reordering_and_duplicates() {
        let reorder_delay = Duration::from_millis(5);
        let config = LinkConfig { reorder: 0.1, reorder_delay, duplicate: 0.1, ..LinkConfig::default() };
        let out = run(config, 3, 1_000);
        assert!(out.len() > 1_050);
        assert!(!out.is_sorted_by_key(|(_, n)| *n));
    }
}
