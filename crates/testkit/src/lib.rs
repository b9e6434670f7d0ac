//! Virtual time, a seeded lossy link, a two-peer pump and real encoders' output, for tests of the other crates.
//!
//! Everything is deterministic: the same seed gives the same run, and no test sleeps.
#![forbid(unsafe_code)]

mod clock;
pub mod fixtures;
mod link;
mod pump;
mod random;

pub use clock::FakeClock;
pub use link::{Link, LinkConfig, LinkStatistics};
pub use pump::{Endpoint, Pump};
pub use random::SeededRandom;
