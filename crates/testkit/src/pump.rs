//! Runs two sans-IO peers against each other over two links, in virtual time.

use crate::{FakeClock, Link, LinkConfig};
use std::time::{Duration, Instant};

/// Rounds without progress in time after which two peers are taken for stuck in a loop with each other.
const MAX_ROUNDS_AT_ONE_INSTANT: u32 = 10_000;

/// One peer: what it wants to send is asked for, what arrived is handed in.
pub trait Endpoint<T> {
    /// The next thing to send, until `None`.
    fn poll_transmit(&mut self, now: Instant) -> Option<T>;
    /// Takes what arrived.
    fn handle_input(&mut self, now: Instant, input: T);
    /// When [`Endpoint::handle_timeout`] is due.
    fn poll_timeout(&self) -> Option<Instant>;
    /// Time has passed.
    fn handle_timeout(&mut self, now: Instant);
}

/// Two links and the clock; the peers stay the test's own.
#[derive(Debug)]
pub struct Pump<T> {
    /// Virtual time.
    pub clock: FakeClock,
    /// From the first peer to the second.
    pub forward: Link<T>,
    /// From the second peer to the first.
    pub backward: Link<T>,
}

impl<T: Clone> Pump<T> {
    /// Links of the same conditions both ways.
    pub fn new(config: LinkConfig, seed: u64) -> Self {
        let forward = Link::new(config, seed);
        Self { clock: FakeClock::new(), forward, backward: Link::new(config, seed.wrapping_add(1)) }
    }

    /// Runs both peers for `duration` of virtual time.
    ///
    /// # Panics
    /// When the peers send to each other without end at one instant.
    pub fn run<A: Endpoint<T>, B: Endpoint<T>>(&mut self, duration: Duration, a: &mut A, b: &mut B) {
        let end = self.clock.now() + duration;
        let mut rounds = 0;
        loop {
            let now = self.clock.now();
            exchange(now, a, &mut self.forward);
            exchange(now, b, &mut self.backward);
            while let Some(input) = self.forward.receive(now) {
                b.handle_input(now, input);
                exchange(now, b, &mut self.backward);
            }
            while let Some(input) = self.backward.receive(now) {
                a.handle_input(now, input);
                exchange(now, a, &mut self.forward);
            }
            let due = [self.forward.next_arrival(), self.backward.next_arrival(), a.poll_timeout(), b.poll_timeout()];
            let next = due.into_iter().flatten().min().unwrap_or(end);
            if next > now {
                rounds = 0;
                self.clock.advance_to(next.min(end));
                if next > end {
                    return;
                }
            }
            rounds += 1;
            assert!(rounds < MAX_ROUNDS_AT_ONE_INSTANT, "the peers loop at one instant");
            let now = self.clock.now();
            if a.poll_timeout().is_some_and(|due| due <= now) {
                a.handle_timeout(now);
            }
            if b.poll_timeout().is_some_and(|due| due <= now) {
                b.handle_timeout(now);
            }
            if now >= end && self.is_quiet(now) {
                return;
            }
        }
    }

    fn is_quiet(&self, now: Instant) -> bool {
        let arrivals = [self.forward.next_arrival(), self.backward.next_arrival()];
        arrivals.into_iter().flatten().all(|arrival| arrival > now)
    }
}

fn exchange<T: Clone>(now: Instant, peer: &mut impl Endpoint<T>, link: &mut Link<T>) {
    while let Some(output) = peer.poll_transmit(now) {
        link.send(now, output);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends a ping every 10 ms, answers pings with pongs.
    #[derive(Default)]
    struct Peer {
        due: Option<Instant>,
        queue: Vec<&'static str>,
        pongs: u32,
    }

    impl Endpoint<&'static str> for Peer {
        fn poll_transmit(&mut self, _now: Instant) -> Option<&'static str> {
            self.queue.pop()
        }
        fn handle_input(&mut self, _now: Instant, input: &'static str) {
            if input == "ping" {
                self.queue.push("pong");
            } else {
                self.pongs += 1;
            }
        }
        fn poll_timeout(&self) -> Option<Instant> {
            self.due
        }
        fn handle_timeout(&mut self, now: Instant) {
            self.queue.push("ping");
            self.due = Some(now + Duration::from_millis(10));
        }
    }

    #[test]
    fn peers_talk_in_virtual_time() {
        let mut pump = Pump::new(LinkConfig { delay: Duration::from_millis(5), ..LinkConfig::default() }, 1);
        let mut a = Peer { due: Some(pump.clock.now()), ..Peer::default() };
        let mut b = Peer::default();
        pump.run(Duration::from_secs(1), &mut a, &mut b);
        assert_eq!(pump.clock.elapsed(), Duration::from_secs(1));
        assert!((99..=101).contains(&a.pongs), "{}", a.pongs);
    }
}
