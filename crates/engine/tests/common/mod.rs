//! What the scenarios share: a real engine on free ports with a decider, and RTMP clients over real sockets.
#![allow(dead_code, reason = "every scenario uses a part")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper that fails is a test that fails")]

pub mod flv;
pub mod gateway;
pub mod media;
pub mod peer;

#[allow(unused_imports, reason = "every scenario uses a part")]
pub use gateway::{Gateway, accept, options, refuse};
#[allow(unused_imports, reason = "every scenario uses a part")]
pub use media::{audio, audio_config, number_of, video, video_config};
#[allow(unused_imports, reason = "every scenario uses a part")]
pub use peer::{Peer, Publisher};

use std::time::{Duration, Instant};

/// Longest wait for anything: generous, since other tests share the machine.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Polls until `probe` gives something.
pub fn until<T>(what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(value) = probe() {
            return value;
        }
        assert!(Instant::now() < deadline, "waited {PATIENCE:?} for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
