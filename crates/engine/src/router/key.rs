//! A stream's name inside the engine: its room and its name there.

use std::sync::Arc;

/// Room and stream name; cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct StreamKey {
    pub room: Arc<str>,
    pub name: Arc<str>,
}

impl StreamKey {
    pub(crate) fn new(room: &str, name: &str) -> Self {
        Self { room: room.into(), name: name.into() }
    }

    /// The shard a room lives on: FNV-1a over the room's name, so that all of a room meets on one thread.
    pub(crate) fn home_shard(room: &str, shards: usize) -> usize {
        let hash = room
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
        (hash % shards.max(1) as u64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rooms_spread_over_shards_and_stay_put() {
        let mut counts = [0; 4];
        for index in 0..4_000 {
            counts[StreamKey::home_shard(&format!("room-{index}"), 4)] += 1;
        }
        assert!(counts.iter().all(|&count| count > 800), "{counts:?}");
        assert_eq!(StreamKey::home_shard("live", 4), StreamKey::home_shard("live", 4));
        assert_eq!(StreamKey::home_shard("live", 0), 0);
    }
}
