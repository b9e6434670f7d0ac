//! What an H.264 access unit from RTMP holds, checked NAL unit by NAL unit.

use bytes::Bytes;
use rtmp_gateway_media::h264::{NalUnitType, nal_units};
use rtmp_gateway_media::{H264Config, NalError};

/// What the NAL units of an access unit say.
pub(super) struct AccessUnit {
    /// Whether there is a slice; parameter sets alone are no unit.
    pub has_picture: bool,
    /// Whether there is an IDR slice. The FLV header's keyframe bit is not trusted: encoders with open GOPs set it on
    /// recovery points, where no browser can start.
    pub idr: bool,
    /// The configuration inside, when it differs: some phones send a rotated picture's SPS in-band only.
    pub new_config: Option<H264Config>,
    /// Bytes to keep: zero padding behind the last NAL unit (some hardware encoders) is cut.
    pub length: usize,
}

/// Walks `payload`; an error means that the frame must not leave.
pub(super) fn check_access_unit(payload: &Bytes, config: &H264Config) -> Result<AccessUnit, NalError> {
    let mut unit = AccessUnit { has_picture: false, idr: false, new_config: None, length: payload.len() };
    let (mut sps, mut pps) = (Vec::new(), Vec::new());
    for nal in nal_units(payload, config.nal_length_size()) {
        let nal = match nal {
            Ok(nal) => nal,
            Err(NalError::Empty { offset } | NalError::PastEnd { offset, .. })
                if offset > 0 && is_zero(payload, offset) =>
            {
                unit.length = offset;
                break;
            }
            Err(error) => return Err(error),
        };
        let bytes = || payload.slice_ref(nal.bytes);
        match nal.unit_type() {
            NalUnitType::Sps => sps.push(bytes()),
            NalUnitType::Pps => pps.push(bytes()),
            NalUnitType::IdrSlice => (unit.has_picture, unit.idr) = (true, true),
            other => unit.has_picture |= other.is_slice(),
        }
    }
    let differs = !sps.is_empty() && !pps.is_empty() && (sps != config.sps() || pps != config.pps());
    // A built record means 4-byte lengths; where the payload has others, the in-band sets stay unannounced.
    if differs && config.nal_length_size() == 4 {
        // Bad sets in-band are the encoder's to repeat out of band: the frame itself is whole.
        unit.new_config = H264Config::from_parameter_sets(&sps, &pps).ok();
    }
    Ok(unit)
}

fn is_zero(payload: &[u8], from: usize) -> bool {
    payload.get(from..).is_some_and(|rest| rest.iter().all(|byte| *byte == 0))
}
