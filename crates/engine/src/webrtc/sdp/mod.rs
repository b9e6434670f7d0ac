//! SDP offers from browsers and encoders: strict reading, choice of codecs, answers (RFC 8866, RFC 8829, RFC 9725).
//!
//! What a peer sends is read by our own bounded reader; only the few facts that matter are then written again as a
//! small well-formed offer that the WebRTC library negotiates. Hostile or exotic lines never reach it.

mod answer;
mod canonical;
mod error;
mod fragment;
mod lines;
mod offer;
mod payload;
mod section;
mod select;

pub(super) use answer::answer_for;
pub(super) use canonical::{Chosen, ChosenTrack, TrackCodec, TrackDirection, canonical_offer};
pub use error::SetupError;
pub(super) use fragment::{IceFragment, fragment_answer};
pub(super) use offer::Offer;
pub(super) use section::MediaKind;
pub(super) use select::{select_h264, select_opus};

/// The longest offer or fragment that is read, in bytes; browsers send 2 to 12 KB. A longer one costs only its length
/// check.
pub const MAX_SDP: usize = 64 * 1024;
/// The most media sections an offer may have; a viewer needs two. Bounds the answer, which repeats each of them.
pub const MAX_SECTIONS: usize = 32;
/// The most remote candidates per session that are looked at (against STUN amplification through us); the rest are
/// ignored.
pub const MAX_CANDIDATES: usize = 20;
/// The most header extensions and payload types of one section; RTP has 127 payload types and 14 short extensions.
const MAX_ENTRIES: usize = 128;
