//! Keeps pictures that leave decode order away from RTP viewers: browsers' decoders fail on them until the next IDR.
//!
//! Every B picture is left out. Where P pictures refer to left-out B pictures (a B-pyramid with more than one reference
//! frame), what would follow is corrupt: then only keyframes go out. The encoder setting that avoids both is "B-frames: 0".

use super::VideoState;
use super::references::References;
use bytes::Bytes;
use rtmp_gateway_media::h264::{PpsInfo, SliceHeader, SliceType, nal_units, without_reordering};
use rtmp_gateway_media::{CodecConfig, H264Config, Unit};
use std::sync::Arc;

/// `profile_idc` of the baseline profile, which has no B pictures.
const BASELINE: u8 = 66;

/// Decides per unit; follows configuration changes by itself.
#[derive(Debug, Default)]
pub(super) struct ReorderingGuard {
    config: Option<Arc<CodecConfig>>,
    /// `None` when the configuration rules out reordering: then nothing is looked at.
    tracker: Option<Tracker>,
    /// The parameter sets to send: the SPS promises no reordering where B pictures may be left out.
    sps: Vec<Bytes>,
    state: VideoState,
}

#[derive(Debug)]
struct Tracker {
    pps: Vec<PpsInfo>,
    references: References,
}

impl ReorderingGuard {
    /// What of the video goes out with the current configuration.
    pub(super) fn state(&self) -> VideoState {
        self.state
    }

    /// The SPS to send in-band.
    pub(super) fn sps(&self) -> &[Bytes] {
        &self.sps
    }

    /// Whether the unit may be sent. Units must come in decode order, without gaps.
    pub(super) fn admit(&mut self, unit: &Unit, config: &H264Config) -> bool {
        if !self.config.as_ref().is_some_and(|known| Arc::ptr_eq(known, &unit.config)) {
            self.start(unit, config);
        }
        let Some(tracker) = &mut self.tracker else { return true };
        let (left_out, corrupt) = tracker.examine(unit, config);
        if left_out && self.state == VideoState::Full {
            self.state = VideoState::Reduced;
        }
        if corrupt {
            self.state = VideoState::KeyframesOnly;
        }
        unit.keyframe || !(left_out || self.state == VideoState::KeyframesOnly)
    }

    fn start(&mut self, unit: &Unit, config: &H264Config) {
        self.config = Some(unit.config.clone());
        self.state = VideoState::Full;
        let info = config.sps_info();
        let may_reorder = info.profile_idc != BASELINE && info.num_reorder_frames() != Some(0);
        if !may_reorder {
            self.tracker = None;
            self.sps = config.sps().to_vec();
            return;
        }
        // An SPS that cannot be rewritten goes out as it is: that only costs some decoders a frame of delay.
        let rewritten = |sps: &Bytes| without_reordering(sps).map_or_else(|_| sps.clone(), Bytes::from);
        self.sps = config.sps().iter().map(rewritten).collect();
        self.tracker = Some(Tracker {
            pps: config.pps().iter().filter_map(|pps| PpsInfo::parse(pps).ok()).collect(),
            references: References::new(info.frame_num_bits, info.max_num_ref_frames),
        });
    }
}

impl Tracker {
    /// Whether the unit is a B picture, and whether a decoder would miss something of it.
    fn examine(&mut self, unit: &Unit, config: &H264Config) -> (bool, bool) {
        let mut left_out = false;
        let mut first = None;
        let mut corrupt = false;
        for nal in nal_units(&unit.payload, config.nal_length_size()).map_while(Result::ok) {
            if !nal.unit_type().is_slice() {
                continue;
            }
            let Ok(slice_type) = SliceType::of(&nal) else { continue };
            left_out |= slice_type == SliceType::B;
            let parsed = self.pps.iter().find_map(|pps| SliceHeader::parse(&nal, config.sps_info(), pps).ok());
            match parsed {
                Some(header) => {
                    let predicted = matches!(slice_type, SliceType::P | SliceType::Sp);
                    // Fields number their references otherwise; with pictures missing they are not worth the risk.
                    let unknown = header.field && self.references.any_left_out();
                    corrupt |= predicted && (unknown || self.references.needs_left_out(&header));
                    first.get_or_insert(header);
                }
                None => corrupt |= slice_type != SliceType::B && self.references.any_left_out(),
            }
        }
        if let Some(header) = first {
            self.references.decoded(&header, left_out);
        }
        (left_out, corrupt && !left_out)
    }
}

#[cfg(test)]
mod tests;
