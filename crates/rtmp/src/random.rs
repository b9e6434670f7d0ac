//! Random bytes for the handshake, expanded from a seed that the caller drew (SHA-256 in counter mode).

use sha2::{Digest, Sha256};

/// A stream of random bytes grown from a 32-byte seed.
///
/// The crate draws no randomness itself, so that tests are repeatable. Seed every connection afresh from the system.
#[derive(Clone)]
pub struct RandomBytes {
    seed: [u8; 32],
    counter: u64,
}

impl RandomBytes {
    /// A stream that is a pure function of `seed`.
    pub const fn new(seed: [u8; 32]) -> Self {
        Self { seed, counter: 0 }
    }

    /// Fills `target`; every call continues the stream.
    pub fn fill(&mut self, target: &mut [u8]) {
        for block in target.chunks_mut(32) {
            let bytes = Sha256::new().chain_update(self.seed).chain_update(self.counter.to_be_bytes()).finalize();
            self.counter = self.counter.wrapping_add(1);
            for (to, from) in block.iter_mut().zip(bytes.iter()) {
                *to = *from;
            }
        }
    }
}

impl std::fmt::Debug for RandomBytes {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("RandomBytes")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_repeatable_and_moves_on() {
        let mut a = RandomBytes::new([7; 32]);
        let mut b = RandomBytes::new([7; 32]);
        let (mut x, mut y, mut z) = ([0; 50], [0; 50], [0; 50]);
        a.fill(&mut x);
        b.fill(&mut y);
        a.fill(&mut z);
        assert_eq!(x, y);
        assert_ne!(x, z);
    }
}
