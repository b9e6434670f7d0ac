//! Fragments of `application/trickle-ice-sdpfrag` (RFC 8840 section 9), which WHIP and WHEP carry by PATCH
//! (RFC 9725 section 4.3).

use super::lines::lines;
use super::offer::is_ice_string;
use super::section::legal_mid;
use super::{MAX_CANDIDATES, MAX_SECTIONS, SetupError};
use std::fmt::Write;
use std::net::SocketAddr;

/// What a fragment says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::webrtc) struct IceFragment {
    /// The peer's user fragment and password: others than before ask for an ICE restart.
    pub(in crate::webrtc) credentials: Option<(String, String)>,
    /// How many candidates it brought (at most [`MAX_CANDIDATES`] are counted). An ICE-lite agent needs none of them.
    pub(in crate::webrtc) candidates: usize,
}

impl IceFragment {
    /// Reads a fragment.
    ///
    /// # Errors
    /// [`SetupError`] with the line that is wrong.
    pub(in crate::webrtc) fn parse(text: &str) -> Result<Self, SetupError> {
        let (mut ufrag, mut password) = (None, None);
        let (mut candidates, mut sections) = (0_usize, 0_usize);
        for line in lines(text)? {
            let line = line?;
            sections += usize::from(line.kind == b'm');
            if sections > MAX_SECTIONS {
                return Err(line.invalid("more than 32 media sections"));
            }
            match line.attribute() {
                Some(("ice-ufrag", value)) => {
                    let legal = is_ice_string(value, 4..=256);
                    ufrag.get_or_insert(legal.ok_or_else(|| line.invalid("illegal ICE user fragment"))?);
                }
                Some(("ice-pwd", value)) => {
                    let legal = is_ice_string(value, 22..=256);
                    password.get_or_insert(legal.ok_or_else(|| line.invalid("illegal ICE password"))?);
                }
                Some(("mid", value)) if legal_mid(value).is_none() => return Err(line.invalid("illegal mid")),
                Some(("candidate", _)) => candidates = candidates.saturating_add(1).min(MAX_CANDIDATES),
                _ => {}
            }
        }
        let credentials = match (ufrag, password) {
            (Some(ufrag), Some(password)) => Some((ufrag, password)),
            // RFC 8840 lets a fragment name the user fragment alone to say which generation it belongs to.
            (_, None) => None,
            (None, Some(_)) => return Err(SetupError::invalid(0, "an ICE password without its user fragment")),
        };
        Ok(Self { credentials, candidates })
    }
}

/// The fragment that answers an ICE restart: our new credentials and all our candidates.
pub(in crate::webrtc) fn fragment_answer(
    mid: &str,
    kind: &str,
    payload: u8,
    ufrag: &str,
    password: &str,
    candidates: &[SocketAddr],
) -> String {
    // Writing to a String cannot fail.
    let mut text = String::with_capacity(512);
    let _ = write!(
        text,
        "a=ice-lite\r\nm={kind} 9 UDP/TLS/RTP/SAVPF {payload}\r\na=mid:{mid}\r\na=ice-ufrag:{ufrag}\r\n\
         a=ice-pwd:{password}\r\n"
    );
    for (index, candidate) in candidates.iter().enumerate() {
        // A host candidate's priority (RFC 8445 section 5.1.2.1): earlier ones are preferred.
        let local_preference = 65_535_u32.saturating_sub(u32::try_from(index).unwrap_or(65_535));
        let priority = (126_u32 << 24) + (local_preference << 8) + 255;
        let _ = write!(
            text,
            "a=candidate:{} 1 udp {priority} {} {} typ host\r\n",
            index + 1,
            candidate.ip(),
            candidate.port()
        );
    }
    text.push_str("a=end-of-candidates\r\n");
    text
}
