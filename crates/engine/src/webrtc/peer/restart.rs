//! ICE fragments of a session: trickled candidates and ICE restarts (RFC 8445 section 9, RFC 9725 section 4.3).

use super::{PatchReply, Peer};
use crate::webrtc::sdp::{IceFragment, MediaKind, SetupError, canonical_offer, fragment_answer};
use crate::webrtc::setup::new_credentials;
use std::time::Instant;
use str0m::IceCreds;
use str0m::change::SdpOffer;

impl Peer {
    /// Applies a fragment: trickled candidates need nothing (the peer's checks show its addresses), other credentials
    /// than before restart ICE. The old ones stay valid until the peer uses the new.
    pub(in crate::webrtc) fn patch(&mut self, now: Instant, fragment: &IceFragment) -> Result<PatchReply, SetupError> {
        let restart = match &fragment.credentials {
            Some((ufrag, password)) if *ufrag != self.remote.ufrag || *password != self.remote.pass => {
                Some(IceCreds { ufrag: ufrag.clone(), pass: password.clone() })
            }
            _ => None,
        };
        let Some(remote) = restart else {
            return Ok(PatchReply { answer: None, etag: self.local.ufrag.clone() });
        };
        let internal = |reason: String| SetupError::Internal { reason };
        let local = new_credentials()?;
        let offer = canonical_offer(&self.chosen, &remote.ufrag, &remote.pass);
        let offer = SdpOffer::from_sdp_string(&offer).map_err(|e| internal(e.to_string()))?;
        self.rtc.sdp_api().accept_offer(offer).map_err(|e| internal(e.to_string()))?;
        self.rtc.direct_api().set_local_ice_credentials(local.clone());
        self.previous = Some((std::mem::replace(&mut self.local, local), std::mem::replace(&mut self.remote, remote)));
        self.drain(now);
        Ok(PatchReply { answer: Some(self.restart_answer()), etag: self.local.ufrag.clone() })
    }

    fn restart_answer(&self) -> String {
        let track = self.chosen.tracks.first();
        let kind = track.map_or("audio", |t| if t.kind == MediaKind::Video { "video" } else { "audio" });
        let (mid, payload) = track.map_or(("0", 0), |t| (t.mid.as_str(), t.payload));
        fragment_answer(mid, kind, payload, &self.local.ufrag, &self.local.pass, &self.candidates)
    }

    /// Forgets the credentials from before the last ICE restart; gives their user fragment.
    pub(in crate::webrtc) fn forget_previous(&mut self) -> Option<String> {
        self.previous.take().map(|(local, _)| local.ufrag)
    }

    /// The user fragment from before the last ICE restart, while it is valid.
    pub(in crate::webrtc) fn previous_ufrag(&self) -> Option<&str> {
        self.previous.as_ref().map(|(local, _)| local.ufrag.as_str())
    }
}
