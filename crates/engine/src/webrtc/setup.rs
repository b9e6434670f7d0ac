//! From an SDP offer to a peer connection and its answer: everything of a session's set-up that runs off the shard
//! (RFC 8829, RFC 9725 section 4.2, draft-ietf-wish-whep).

use super::crypto::{identity, random_token};
use super::sdp::{
    Chosen, ChosenTrack, MediaKind, Offer, SetupError, TrackCodec, TrackDirection, answer_for, canonical_offer,
    select_h264, select_opus,
};
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};
use str0m::change::SdpOffer;
use str0m::format::{Codec, CodecConfig, CodecSpec, FormatParams, PayloadParams};
use str0m::media::{Frequency, Mid, Pt};
use str0m::rtp::{Extension, ExtensionMap, Ssrc};
use str0m::{Candidate, IceCreds, Rtc, RtcConfig};

/// Length of our ICE user fragments: 48 random bits, so that no two sessions of a shard share one.
const UFRAG_LENGTH: usize = 8;
/// Length of our ICE passwords: 144 random bits (RFC 8445 section 5.3 asks for 128).
const PASSWORD_LENGTH: usize = 24;
/// How often sender and receiver reports go out. Browsers need two to synchronise audio with video.
const REPORT_INTERVAL: Duration = Duration::from_secs(1);
/// How often a viewer's loss and round trip are looked at.
const FEEDBACK_INTERVAL: Duration = Duration::from_secs(1);

/// What a stream has for viewers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamMedia {
    /// Its video; `None` when it has a codec that browsers cannot be sent. Not known yet: the default format.
    pub video: Option<VideoFormat>,
    /// Whether it may have audio (Opus, or AAC that becomes Opus).
    pub audio: bool,
}

/// The H.264 of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct VideoFormat {
    /// The three bytes behind the version of its decoder configuration; `None` while unknown.
    pub profile_level_id: Option<[u8; 3]>,
}

/// One negotiated track.
#[derive(Debug, Clone, Copy)]
pub(super) struct Track {
    pub(super) mid: Mid,
    pub(super) payload: Pt,
    /// Our stream's SSRCs (zero for a publisher's tracks, which the peer numbers).
    pub(super) ssrc: Ssrc,
    pub(super) repair_ssrc: Option<Ssrc>,
    /// Whether the peer is told to show pictures without delay.
    pub(super) low_latency: bool,
}

/// A peer connection that is ready to move to its shard.
pub(super) struct Negotiated {
    pub(super) rtc: Rtc,
    pub(super) chosen: Chosen,
    pub(super) local: IceCreds,
    pub(super) remote: IceCreds,
    pub(super) candidates: Vec<SocketAddr>,
    pub(super) video: Option<Track>,
    pub(super) audio: Option<Track>,
}

/// A viewer's session before it is added to a shard. `Send`.
pub struct ViewerSetup {
    /// The SDP answer; send it only after the shard has the session.
    pub answer: String,
    /// The ICE session's entity tag, without quotes (RFC 9725 section 4.3.1).
    pub etag: String,
    /// Whether the peer takes video.
    pub video: bool,
    /// Whether the peer takes audio.
    pub audio: bool,
    pub(super) negotiated: Negotiated,
}

/// A publisher's session before it is added to a shard. `Send`.
pub struct PublisherSetup {
    /// The SDP answer; send it only after the shard has the session.
    pub answer: String,
    /// The ICE session's entity tag, without quotes.
    pub etag: String,
    /// Whether the peer sends video.
    pub video: bool,
    /// Whether the peer sends audio.
    pub audio: bool,
    pub(super) negotiated: Negotiated,
}

impl std::fmt::Debug for ViewerSetup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ViewerSetup").field("video", &self.video).field("audio", &self.audio).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for PublisherSetup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PublisherSetup").field("video", &self.video).field("audio", &self.audio).finish_non_exhaustive()
    }
}

/// Makes the process's DTLS certificate now instead of at the first session, which reports any failure.
pub fn warm_up() {
    let _ = identity();
}

/// Answers a viewer's offer (WHEP). Takes about a millisecond: call it on a helper thread.
///
/// `candidates` are the addresses of the shard's socket, the preferred one first.
///
/// # Errors
/// The offer is malformed, insecure, or has nothing in common with the stream.
pub fn setup_viewer(
    offer: &str,
    media: &StreamMedia,
    candidates: &[SocketAddr],
    now: Instant,
) -> Result<ViewerSetup, SetupError> {
    setup_viewer_with(offer, media, candidates, ViewerOptions::default(), now)
}

/// What a viewer may ask for beside its offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ViewerOptions {
    /// Pictures are to be shown as they come (playout delay 0): about 10 ms earlier, with nothing left to smooth jitter.
    pub low_latency: bool,
}

/// As [`setup_viewer`], with options.
///
/// # Errors
/// As [`setup_viewer`].
pub fn setup_viewer_with(
    offer: &str,
    media: &StreamMedia,
    candidates: &[SocketAddr],
    options: ViewerOptions,
    now: Instant,
) -> Result<ViewerSetup, SetupError> {
    let offer = Offer::parse(offer)?;
    let mut tracks = Vec::new();
    if let Some(format) = media.video
        && let Some(index) =
            offer.usable(MediaKind::Video, |s| s.wants_media() && select_h264(s, format.profile_level_id).is_some())?
        && let Some(section) = offer.sections.get(index)
    {
        let payload = select_h264(section, format.profile_level_id);
        tracks.extend(payload.and_then(|p| ChosenTrack::new(&offer, index, p)));
    }
    if options.low_latency {
        tracks.iter_mut().for_each(|track: &mut ChosenTrack| track.ask_for_low_latency(&offer));
    }
    if media.audio
        && let Some(index) = offer.usable(MediaKind::Audio, |s| s.wants_media() && select_opus(s).is_some())?
        && let Some(section) = offer.sections.get(index)
    {
        tracks.extend(select_opus(section).and_then(|p| ChosenTrack::new(&offer, index, p)));
    }
    let (negotiated, answer) = negotiate(&offer, TrackDirection::PeerReceives, tracks, candidates, now)?;
    Ok(ViewerSetup {
        answer,
        etag: negotiated.local.ufrag.clone(),
        video: negotiated.video.is_some(),
        audio: negotiated.audio.is_some(),
        negotiated,
    })
}

/// Answers a publisher's offer (WHIP): H.264 and Opus only.
///
/// # Errors
/// As [`setup_viewer`]; also [`SetupError::UnsupportedVideoCodec`] when video is offered without H.264.
pub fn setup_publisher(offer: &str, candidates: &[SocketAddr], now: Instant) -> Result<PublisherSetup, SetupError> {
    let offer = Offer::parse(offer)?;
    let mut tracks = Vec::new();
    if let Some(index) = offer.usable(MediaKind::Video, |s| s.brings_media() && select_h264(s, None).is_some())? {
        let payload = offer.sections.get(index).and_then(|s| select_h264(s, None));
        tracks.extend(payload.and_then(|p| ChosenTrack::new(&offer, index, p)));
    } else if offer.sections.iter().any(|s| s.is_video() && s.brings_media()) {
        return Err(SetupError::UnsupportedVideoCodec);
    }
    if let Some(index) = offer.usable(MediaKind::Audio, |s| s.brings_media() && select_opus(s).is_some())? {
        let payload = offer.sections.get(index).and_then(select_opus);
        tracks.extend(payload.and_then(|p| ChosenTrack::new(&offer, index, p)));
    }
    let (negotiated, answer) = negotiate(&offer, TrackDirection::PeerSends, tracks, candidates, now)?;
    Ok(PublisherSetup {
        answer,
        etag: negotiated.local.ufrag.clone(),
        video: negotiated.video.is_some(),
        audio: negotiated.audio.is_some(),
        negotiated,
    })
}

/// New ICE credentials from the system's randomness (str0m's own are not meant for secrets).
pub(super) fn new_credentials() -> Result<IceCreds, SetupError> {
    Ok(IceCreds { ufrag: random_token(UFRAG_LENGTH)?, pass: random_token(PASSWORD_LENGTH)? })
}

fn negotiate(
    offer: &Offer,
    direction: TrackDirection,
    tracks: Vec<ChosenTrack>,
    candidates: &[SocketAddr],
    now: Instant,
) -> Result<(Negotiated, String), SetupError> {
    if tracks.is_empty() {
        return Err(SetupError::NoCommonCodec);
    }
    let chosen = Chosen::new(offer, direction, tracks);
    let local = new_credentials()?;
    let remote = IceCreds { ufrag: offer.ufrag.clone(), pass: offer.password.clone() };
    let build = || connect(&chosen, direction, local.clone(), &remote, candidates, now);
    // The library asserts a few things about descriptions; whatever slips through to them must cost one session only.
    let (mut rtc, answer) = catch_unwind(AssertUnwindSafe(build))
        .unwrap_or_else(|_| Err(SetupError::Internal { reason: "negotiation panicked".to_owned() }))?;
    let answer = answer_for(offer, &chosen, &answer);
    let video = take_track(&mut rtc, &chosen, MediaKind::Video, direction);
    let audio = take_track(&mut rtc, &chosen, MediaKind::Audio, direction);
    Ok((Negotiated { rtc, chosen, local, remote, candidates: candidates.to_vec(), video, audio }, answer))
}

fn connect(
    chosen: &Chosen,
    direction: TrackDirection,
    local: IceCreds,
    remote: &IceCreds,
    candidates: &[SocketAddr],
    now: Instant,
) -> Result<(Rtc, String), SetupError> {
    let identity = identity()?;
    let internal = |e: &dyn std::fmt::Display| SetupError::Internal { reason: e.to_string() };
    let mut config = RtcConfig::new()
        .set_crypto_provider(identity.provider.clone())
        .set_dtls_cert(identity.certificate.clone())
        .set_local_ice_credentials(local)
        .set_ice_lite(true)
        .set_rtp_mode(true)
        .set_rtcp_report_interval_audio(REPORT_INTERVAL)
        .set_rtcp_report_interval_video(REPORT_INTERVAL)
        .set_stats_interval((direction == TrackDirection::PeerReceives).then_some(FEEDBACK_INTERVAL))
        .set_extension_map(extensions(chosen));
    *config.codec_config() = CodecConfig::new_from_payload_params(chosen.tracks.iter().map(payload_params).collect());
    let mut rtc = config.build(now);
    for address in candidates {
        let candidate = Candidate::host(*address, "udp").map_err(|e| internal(&e))?;
        rtc.add_local_candidate(candidate);
    }
    let offer = canonical_offer(chosen, &remote.ufrag, &remote.pass);
    let offer = SdpOffer::from_sdp_string(&offer).map_err(|e| internal(&e))?;
    let answer = rtc.sdp_api().accept_offer(offer).map_err(|e| internal(&e))?;
    Ok((rtc, answer.to_sdp_string()))
}

fn extensions(chosen: &Chosen) -> ExtensionMap {
    let mut map = ExtensionMap::empty();
    for track in &chosen.tracks {
        let ids = [
            (track.mid_extension, Extension::RtpMid),
            (track.transport_cc, Extension::TransportSequenceNumber),
            (track.playout_delay, Extension::PlayoutDelay),
        ];
        for (id, extension) in ids {
            if let Some(id) = id {
                map.set(id, extension);
            }
        }
    }
    map
}

fn payload_params(track: &ChosenTrack) -> PayloadParams {
    let spec = match track.codec {
        TrackCodec::H264 { fragments, profile_level_id: [a, b, c] } => CodecSpec {
            codec: Codec::H264,
            clock_rate: Frequency::NINETY_KHZ,
            channels: None,
            format: FormatParams {
                level_asymmetry_allowed: Some(true),
                packetization_mode: Some(u8::from(fragments)),
                profile_level_id: Some(u32::from_be_bytes([0, a, b, c])),
                ..Default::default()
            },
        },
        TrackCodec::Opus { stereo } => CodecSpec {
            codec: Codec::Opus,
            clock_rate: Frequency::FORTY_EIGHT_KHZ,
            channels: Some(2),
            format: FormatParams {
                min_p_time: Some(10),
                use_inband_fec: Some(true),
                stereo: stereo.then_some(true),
                sprop_stereo: stereo.then_some(true),
                ..Default::default()
            },
        },
    };
    let mut params = PayloadParams::new(track.payload.into(), track.repair.map(Pt::from), spec);
    params.set_fb_remb(false);
    params.set_fb_transport_cc(track.transport_cc.is_some());
    params
}

/// The negotiated track of a kind.
///
/// A sending stream is taken out of the connection again until its first packet: reports of a stream that has not sent
/// yet would tell the peer a wrong clock.
fn take_track(rtc: &mut Rtc, chosen: &Chosen, kind: MediaKind, direction: TrackDirection) -> Option<Track> {
    let track = chosen.tracks.iter().find(|t| t.kind == kind)?;
    let mid = Mid::from(track.mid.as_str());
    let payload = Pt::from(track.payload);
    if direction == TrackDirection::PeerSends {
        return Some(Track { mid, payload, ssrc: Ssrc::from(0), repair_ssrc: None, low_latency: false });
    }
    let mut api = rtc.direct_api();
    let (ssrc, repair_ssrc) = api.stream_tx_by_mid(mid, None).map(|s| (s.ssrc(), s.rtx()))?;
    api.remove_stream_tx(ssrc);
    Some(Track { mid, payload, ssrc, repair_ssrc, low_latency: track.playout_delay.is_some() })
}

#[cfg(test)]
#[path = "setup_tests.rs"]
pub(super) mod tests;
