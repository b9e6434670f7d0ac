//! Extended timestamps on format 3 chunks, in both conventions found in the wild.
//!
//! The specification (section 5.3.1.3) repeats the field on every chunk of the message, and so do Flash, FFmpeg and
//! today's librtmp. Old librtmp and encoders derived from it do not. A sender keeps to one convention, so the first
//! format 3 chunk after an extended timestamp decides for the connection: if the field stands there it is repeated.

use super::stream::Stream;

/// Whether this peer repeats the extended timestamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Convention {
    Unknown,
    Repeated,
    Absent,
}

/// What stands behind a format 3 basic header where an extended timestamp may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    NeedsMore,
    Absent,
    Repeated(u32),
    Desynchronized(u32),
}

/// Judges the bytes `tail` after a format 3 basic header on a chunk stream whose last field was `expected`.
pub(super) fn judge(convention: Convention, expected: u32, stream: &Stream, tail: &[u8]) -> Verdict {
    let expected_bytes = expected.to_be_bytes();
    match (convention, tail.first_chunk::<4>()) {
        (Convention::Absent, _) => Verdict::Absent,
        (Convention::Unknown, Some(field)) if *field == expected_bytes => Verdict::Repeated(expected),
        (Convention::Unknown, Some(_)) => Verdict::Absent,
        // Fewer than 4 bytes so far: one that differs decides at once, else a short tail could wait for ever.
        (Convention::Unknown, None) if !expected_bytes.starts_with(tail) => Verdict::Absent,
        (_, None) => Verdict::NeedsMore,
        (Convention::Repeated, Some(field)) => {
            let field = u32::from_be_bytes(*field);
            // A format 3 that starts a message may bring a new value. Within a message some senders repeat the
            // absolute time although the header held a delta.
            if !stream.in_message || field == expected || field == stream.timestamp {
                Verdict::Repeated(field)
            } else {
                Verdict::Desynchronized(field)
            }
        }
    }
}
