//! Whether a cached group of pictures is sent to a viewer, and how fast (measured in Chromium, see the design notes).

use crate::webrtc::PacketizedUnit;
use std::sync::Arc;
use std::time::Duration;

/// A group of pictures larger than this is not sent to a new viewer: it would take longer than the next keyframe does.
const MAX_START_FRAMES: usize = 120;
/// As above, in bytes: bursts of more make a 720p decoder collapse (measured).
const MAX_START_BYTES: usize = 1_500_000;
/// As above, in media time.
const MAX_START_SPAN: Duration = Duration::from_secs(3);
/// What is replayed at most to a viewer that lost pictures: the next keyframe of such a stream may be far away.
const MAX_REPLAY_FRAMES: usize = 600;
/// As above, in bytes.
const MAX_REPLAY_BYTES: usize = 6_000_000;
/// As above, in media time.
const MAX_REPLAY_SPAN: Duration = Duration::from_secs(10);
/// A keyframe this near is waited for instead of replaying what it makes obsolete.
const KEYFRAME_NEAR: Duration = Duration::from_millis(150);
/// Catch-up speed over media rate up to 720p; measured clean in Chromium.
const SPEED: u32 = 8;
/// Catch-up speed above 720p, where decoders are slower.
const SPEED_LARGE: u32 = 5;
/// The tallest picture that counts as 720p.
const LARGE_HEIGHT: u32 = 720;
/// What the shard knows about the group of pictures that it gives to a viewer.
#[derive(Debug, Clone, Copy, Default)]
pub struct GopHint {
    /// The pictures' height; taller than 720 is paced slower.
    pub height: Option<u32>,
    /// When the next keyframe is expected, from now.
    pub keyframe_due_in: Option<Duration>,
}

/// Why a viewer wants the cached group of pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GopReason {
    /// It has connected: its first picture.
    Start,
    /// It lost pictures and asked for a keyframe (PLI or FIR).
    Request,
}

/// Whether the group may go to the viewer; otherwise it waits for the next keyframe.
pub(super) fn is_worth_sending(group: &[Arc<PacketizedUnit>], reason: GopReason, hint: GopHint) -> bool {
    let (frames, bytes, span) = match reason {
        GopReason::Start => (MAX_START_FRAMES, MAX_START_BYTES, MAX_START_SPAN),
        GopReason::Request => (MAX_REPLAY_FRAMES, MAX_REPLAY_BYTES, MAX_REPLAY_SPAN),
    };
    let (Some(first), Some(last)) = (group.first(), group.last()) else { return false };
    first.keyframe
        && group.len() <= frames
        && group.iter().map(|u| u.bytes).sum::<usize>() <= bytes
        && last.wallclock.saturating_sub(first.wallclock) <= span
        && group.iter().all(|u| u.is_sendable())
        && hint.keyframe_due_in.is_none_or(|due| due > KEYFRAME_NEAR)
}

/// How many times media rate the group goes out at.
pub(super) fn catch_up_speed(hint: GopHint) -> u32 {
    if hint.height.is_some_and(|height| height > LARGE_HEIGHT) { SPEED_LARGE } else { SPEED }
}
