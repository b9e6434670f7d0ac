//! The name of a session within its shard: a slot and the slot's generation, so that a stale name never finds another.

/// A session of this shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId {
    index: u32,
    generation: u32,
}

impl SessionId {
    pub(super) const fn new(index: u32, generation: u32) -> Self {
        Self { index, generation }
    }

    pub(super) const fn index(self) -> u32 {
        self.index
    }

    pub(super) const fn generation(self) -> u32 {
        self.generation
    }

    /// The name as one number.
    pub const fn to_u64(self) -> u64 {
        ((self.generation as u64) << 32) | self.index as u64
    }

    /// The name behind a number of [`Self::to_u64`].
    pub const fn from_u64(value: u64) -> Self {
        Self { index: value as u32, generation: (value >> 32) as u32 }
    }
}
