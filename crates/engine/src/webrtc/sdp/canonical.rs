//! The small offer that is negotiated in place of the peer's: only accepted sections, only what we serve.

use super::offer::{Offer, Setup};
use super::payload::PayloadType;
use super::section::MediaKind;
use super::select::repair_of;
use std::fmt::Write;

/// `urn:ietf:params:rtp-hdrext:sdes:mid` (RFC 9143 section 15).
const MID_EXTENSION: &str = "urn:ietf:params:rtp-hdrext:sdes:mid";
/// Transport-wide sequence numbers (draft-holmer-rmcat-transport-wide-cc-extensions-01).
const TRANSPORT_CC_EXTENSION: &str = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";

/// The playout delay that a sender asks for (webrtc.googlesource.com, experiments/rtp-hdrext/playout-delay).
const PLAYOUT_DELAY_EXTENSION: &str = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay";

/// Which way the accepted media flows, from the peer's point of view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::webrtc) enum TrackDirection {
    /// The peer receives: a viewer.
    PeerReceives,
    /// The peer sends: a publisher.
    PeerSends,
}

/// The codec of an accepted section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::webrtc) enum TrackCodec {
    /// H.264 with the offered packetization mode and profile.
    H264 {
        /// Packetization mode 1 (fragments allowed).
        fragments: bool,
        /// `profile-level-id` as offered.
        profile_level_id: [u8; 3],
    },
    /// Opus.
    Opus {
        /// Whether the peer plays (or sends) two channels.
        stereo: bool,
    },
}

/// One accepted section.
#[derive(Debug, Clone)]
pub(in crate::webrtc) struct ChosenTrack {
    /// Its place among the offer's sections.
    pub(in crate::webrtc) section: usize,
    pub(in crate::webrtc) kind: MediaKind,
    pub(in crate::webrtc) mid: String,
    pub(in crate::webrtc) payload: u8,
    pub(in crate::webrtc) repair: Option<u8>,
    pub(in crate::webrtc) codec: TrackCodec,
    pub(in crate::webrtc) mid_extension: Option<u8>,
    pub(in crate::webrtc) transport_cc: Option<u8>,
    pub(in crate::webrtc) playout_delay: Option<u8>,
    ssrc: Option<u32>,
    repair_ssrc: Option<u32>,
}

impl ChosenTrack {
    /// The section `index` of `offer` with one of its payload types; `None` when that is neither H.264 nor Opus.
    pub(in crate::webrtc) fn new(offer: &Offer, index: usize, payload: &PayloadType) -> Option<Self> {
        let section = offer.sections.get(index)?;
        let codec = match payload.encoding.as_str() {
            "h264" => TrackCodec::H264 {
                fragments: payload.packetization_mode() == 1,
                profile_level_id: payload.profile_level_id()?,
            },
            "opus" => TrackCodec::Opus { stereo: payload.flag("stereo") || payload.flag("sprop-stereo") },
            _ => return None,
        };
        Some(Self {
            section: index,
            kind: section.kind,
            mid: section.mid.clone()?,
            payload: payload.number,
            repair: repair_of(section, payload.number),
            codec,
            mid_extension: section.extension(MID_EXTENSION),
            transport_cc: section.extension(TRANSPORT_CC_EXTENSION),
            playout_delay: None,
            ssrc: section.ssrc,
            repair_ssrc: section.repair_ssrc,
        })
    }
}

impl ChosenTrack {
    /// Has the peer told to show pictures without delay, if it offers that.
    pub(in crate::webrtc) fn ask_for_low_latency(&mut self, offer: &Offer) {
        let section = offer.sections.get(self.section);
        self.playout_delay = section.and_then(|s| s.extension(PLAYOUT_DELAY_EXTENSION));
    }
}

/// What was accepted of an offer: enough to write the small offer again for an ICE restart.
#[derive(Debug, Clone)]
pub(in crate::webrtc) struct Chosen {
    pub(in crate::webrtc) tracks: Vec<ChosenTrack>,
    direction: TrackDirection,
    fingerprint: String,
    setup: Setup,
}

impl Chosen {
    /// These tracks of that offer, in the order of the offer's sections.
    pub(in crate::webrtc) fn new(offer: &Offer, direction: TrackDirection, mut tracks: Vec<ChosenTrack>) -> Self {
        tracks.sort_by_key(|t| t.section);
        // Bundled sections share their ids; an extension that only some of them offer is left out, so that a packet of
        // any track looks the same to the peer.
        let everywhere = tracks.iter().all(|t| t.transport_cc.is_some());
        for track in tracks.iter_mut().filter(|_| !everywhere) {
            track.transport_cc = None;
        }
        Self { tracks, direction, fingerprint: offer.fingerprint.clone(), setup: offer.setup }
    }
}

/// The small offer with these ICE credentials of the peer.
pub(in crate::webrtc) fn canonical_offer(chosen: &Chosen, ufrag: &str, password: &str) -> String {
    let mut sdp = String::with_capacity(2_048);
    let mids: Vec<&str> = chosen.tracks.iter().map(|t| t.mid.as_str()).collect();
    let setup = match chosen.setup {
        Setup::ActPass => "actpass",
        Setup::Active => "active",
        Setup::Passive => "passive",
    };
    // Writing to a String cannot fail.
    let _ = write!(
        sdp,
        "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE {}\r\na=ice-ufrag:{ufrag}\r\n\
         a=ice-pwd:{password}\r\na=fingerprint:sha-256 {}\r\na=setup:{setup}\r\n",
        mids.join(" "),
        chosen.fingerprint
    );
    for track in &chosen.tracks {
        write_track(&mut sdp, track, chosen.direction);
    }
    sdp
}

fn write_track(sdp: &mut String, track: &ChosenTrack, direction: TrackDirection) {
    let media = if track.kind == MediaKind::Video { "video" } else { "audio" };
    let payload = track.payload;
    let repair = track.repair.map(|r| format!(" {r}")).unwrap_or_default();
    let flow = if direction == TrackDirection::PeerReceives { "recvonly" } else { "sendonly" };
    // The stream id is what browsers synchronise audio and video by: the answer repeats it.
    let _ = write!(
        sdp,
        "m={media} 9 UDP/TLS/RTP/SAVPF {payload}{repair}\r\nc=IN IP4 0.0.0.0\r\na=mid:{}\r\na={flow}\r\na=rtcp-mux\r\n\
         a=msid:gateway {media}\r\n",
        track.mid
    );
    let extensions = [
        (track.mid_extension, MID_EXTENSION),
        (track.transport_cc, TRANSPORT_CC_EXTENSION),
        (track.playout_delay, PLAYOUT_DELAY_EXTENSION),
    ];
    for (id, uri) in extensions {
        if let Some(id) = id {
            let _ = write!(sdp, "a=extmap:{id} {uri}\r\n");
        }
    }
    let _ = match track.codec {
        TrackCodec::H264 { fragments, profile_level_id: [a, b, c] } => write!(
            sdp,
            "a=rtpmap:{payload} H264/90000\r\na=rtcp-fb:{payload} ccm fir\r\na=rtcp-fb:{payload} nack\r\n\
             a=rtcp-fb:{payload} nack pli\r\na=fmtp:{payload} level-asymmetry-allowed=1;packetization-mode={};\
             profile-level-id={a:02x}{b:02x}{c:02x}\r\n",
            u8::from(fragments)
        ),
        TrackCodec::Opus { stereo } => write!(
            sdp,
            "a=rtpmap:{payload} opus/48000/2\r\na=fmtp:{payload} minptime=10;useinbandfec=1{}\r\n",
            if stereo { ";stereo=1;sprop-stereo=1" } else { "" }
        ),
    };
    if track.transport_cc.is_some() {
        let _ = write!(sdp, "a=rtcp-fb:{payload} transport-cc\r\n");
    }
    if let Some(repair) = track.repair {
        let _ = write!(sdp, "a=rtpmap:{repair} rtx/90000\r\na=fmtp:{repair} apt={payload}\r\n");
    }
    if direction == TrackDirection::PeerSends
        && let Some(ssrc) = track.ssrc
    {
        if let Some(repair) = track.repair_ssrc {
            let _ = write!(sdp, "a=ssrc-group:FID {ssrc} {repair}\r\na=ssrc:{repair} cname:peer\r\n");
        }
        let _ = write!(sdp, "a=ssrc:{ssrc} cname:peer\r\n");
    }
}
