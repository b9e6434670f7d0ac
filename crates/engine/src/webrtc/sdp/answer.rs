//! The answer to the peer's own offer: the negotiated sections, with rejected ones in their places (RFC 3264 section 6).

use super::canonical::Chosen;
use super::offer::Offer;
use super::section::Section;
use std::fmt::Write;

/// Weaves the answer to the small offer together with a rejection of every section that was left out of it.
pub(in crate::webrtc) fn answer_for(offer: &Offer, chosen: &Chosen, negotiated: &str) -> String {
    let mut parts = split_sections(negotiated).into_iter();
    let mut answer = parts.next().unwrap_or_default().to_owned();
    for (index, section) in offer.sections.iter().enumerate() {
        let accepted = chosen.tracks.iter().any(|t| t.section == index);
        match accepted.then(|| parts.next()).flatten() {
            Some(part) => answer.push_str(part),
            None => write_rejected(&mut answer, section),
        }
    }
    answer
}

/// The session part and each media section, with their line ends.
fn split_sections(sdp: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = sdp;
    while let Some(at) = rest.get(1..).and_then(|r| r.find("\nm=")) {
        let (part, next) = rest.split_at(at + 2);
        parts.push(part);
        rest = next;
    }
    parts.push(rest);
    parts
}

fn write_rejected(answer: &mut String, section: &Section) {
    let format = section.formats.split(' ').next().unwrap_or("0");
    // Writing to a String cannot fail.
    let _ = write!(answer, "m={} 0 {} {format}\r\nc=IN IP4 0.0.0.0\r\na=inactive\r\n", section.media, section.protocol);
    if let Some(mid) = &section.mid {
        let _ = write!(answer, "a=mid:{mid}\r\n");
    }
}
