//! `H264Depacketizer`: RTP payloads to access units (RFC 6184 section 5).

use super::argument::{buffer, buffers, copied};
use super::error::{H264, Result, error};
use napi::bindgen_prelude::{Buffer, Uint8Array};
use napi_derive::napi;
use rtmp_gateway_rtp::h264::{Depacketizer, ParameterSets};
use std::sync::Arc;

/// H.264 parameter sets in force (ITU-T H.264 section 7.4.1.2.1).
#[napi(object, object_from_js = false)]
pub struct H264ParameterSets {
    /// Sequence parameter sets by their ids, NAL header first, no start codes.
    pub sps: Vec<Buffer>,
    /// Picture parameter sets by their ids, NAL header first, no start codes.
    pub pps: Vec<Buffer>,
}

impl From<&ParameterSets> for H264ParameterSets {
    fn from(sets: &ParameterSets) -> Self {
        Self { sps: buffers(&sets.sps), pps: buffers(&sets.pps) }
    }
}

/// A whole access unit.
#[napi(object, object_from_js = false)]
pub struct H264AccessUnit {
    /// NAL units behind 4-byte lengths (AVCC), without parameter sets, delimiters and filler.
    pub payload: Buffer,
    /// Whether it is an IDR picture.
    pub keyframe: bool,
    /// The parameter sets in force: on keyframes, and whenever they have changed. Absent while the sender has not shown
    /// one of each kind.
    pub parameter_sets: Option<H264ParameterSets>,
}

/// Tells when the parameter sets that go with a frame are news.
#[derive(Debug, Default)]
pub(super) struct Shown(Option<Arc<ParameterSets>>);

impl Shown {
    /// The sets to hand out with a frame.
    pub(super) fn news(&mut self, keyframe: bool, sets: Option<Arc<ParameterSets>>) -> Option<H264ParameterSets> {
        let sets = sets?;
        let known = self.0.as_ref().is_some_and(|shown| Arc::ptr_eq(shown, &sets));
        let news = (keyframe || !known).then(|| sets.as_ref().into());
        self.0 = Some(sets);
        news
    }
}

/// RTP payloads to H.264 access units in AVCC form (RFC 6184 sections 5.6 to 5.8, packetization modes 0 and 1).
///
/// It wants every payload of an access unit, in order: `VideoJitterBuffer` does that for packets from a network.
/// At most 8 MiB are held.
#[napi]
#[derive(Default)]
pub struct H264Depacketizer {
    depacketizer: Depacketizer,
    shown: Shown,
}

#[napi]
impl H264Depacketizer {
    /// A depacketizer before its first packet.
    #[napi(constructor, catch_unwind)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds parameter sets known from the session description (`sprop-parameter-sets`), as if they had been seen in-band.
    ///
    /// Throws `GW_H264_INVALID` when a set has no valid id, is above 4096 bytes or is one of more than 32 of its kind; none
    /// of them is kept then.
    #[napi(catch_unwind)]
    pub fn set_parameter_sets(&mut self, sps: Vec<Uint8Array>, pps: Vec<Uint8Array>) -> Result<()> {
        let (sps, pps) = (copied(Some(sps)), copied(Some(pps)));
        self.depacketizer.set_parameter_sets(&sps, &pps).map_err(|failed| error(H264, failed))
    }

    /// Adds the next payload of the access unit; its bytes are copied once. Empty payloads are ignored.
    ///
    /// Throws `GW_H264_INVALID` when it does not continue the access unit (a fragment without its start, broken
    /// aggregation, a payload type of the interleaved mode, above 8 MiB): the access unit is damaged, further payloads
    /// throw the same until `finish()`.
    #[napi(catch_unwind)]
    pub fn push(&mut self, payload: &[u8]) -> Result<()> {
        self.depacketizer.push(payload).map_err(|failed| error(H264, failed))
    }

    /// Ends the access unit: call it behind the marked packet, or when the timestamp changes. `null` when it held no
    /// picture (parameter sets alone, which have taken effect). The next payload starts another access unit.
    ///
    /// Throws `GW_H264_INVALID` when the access unit was damaged; it is dropped with its parameter sets.
    #[napi(catch_unwind)]
    pub fn finish(&mut self) -> Result<Option<H264AccessUnit>> {
        let unit = self.depacketizer.finish().map_err(|failed| error(H264, failed))?;
        Ok(unit.map(|unit| H264AccessUnit {
            payload: buffer(unit.payload),
            keyframe: unit.keyframe,
            parameter_sets: self.shown.news(unit.keyframe, unit.parameter_sets),
        }))
    }
}
