//! Data messages (script tags): only their name is read, the rest passes through (Adobe FLV annex E.4.4, RTMP section 7.1.2).

use crate::FlvError;
use bytes::Bytes;

const AMF0_STRING: u8 = 2;
/// Publishers wrap metadata in this call to the server; players get it without.
const SET_DATA_FRAME: &[u8] = b"@setDataFrame";
const ON_META_DATA: &[u8] = b"onMetaData";

/// A data message by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScriptData {
    /// `onMetaData`, as players get it: starting at its name, without `@setDataFrame`.
    Metadata(Bytes),
    /// Anything else (cue points, captions, access hints); starts at its name.
    Other(Bytes),
}

/// Parses the body of an AMF0 data message; the values behind the name are slices, not looked into.
///
/// Errors: [`FlvError::NamelessScript`] when it does not start with a string (ignore the message, keep the stream).
pub fn parse_script(body: &Bytes) -> Result<ScriptData, FlvError> {
    let (name, end) = string(body)?;
    if name != SET_DATA_FRAME {
        return Ok(named(name, body.clone()));
    }
    let inner = body.slice(end..);
    let (name, _) = string(&inner)?;
    Ok(named(name, inner.clone()))
}

fn named(name: &[u8], body: Bytes) -> ScriptData {
    if name == ON_META_DATA { ScriptData::Metadata(body) } else { ScriptData::Other(body) }
}

/// The AMF0 string at the start of `body` and where it ends.
fn string(body: &[u8]) -> Result<(&[u8], usize), FlvError> {
    let (header, rest) = body.split_first_chunk::<3>().ok_or(FlvError::NamelessScript)?;
    let [marker, high, low] = *header;
    if marker != AMF0_STRING {
        return Err(FlvError::NamelessScript);
    }
    let length = usize::from(u16::from_be_bytes([high, low]));
    let name = rest.get(..length).ok_or(FlvError::Short { what: "script name", offset: body.len() })?;
    Ok((name, 3 + length))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &[u8] = b"\x02\x00\x0aonMetaData\x08\x00\x00\x00\x00\x00\x00\x09";

    #[test]
    fn set_data_frame_is_unwrapped_without_a_copy() {
        let wrapped = Bytes::from([b"\x02\x00\x0d@setDataFrame", PLAIN].concat());
        let Ok(ScriptData::Metadata(metadata)) = parse_script(&wrapped) else { panic!() };
        assert_eq!(&metadata[..], PLAIN);
        assert_eq!(metadata.as_ptr(), wrapped[16..].as_ptr());
        assert_eq!(parse_script(&Bytes::from_static(PLAIN)), Ok(ScriptData::Metadata(Bytes::from_static(PLAIN))));
        let cue = Bytes::from_static(b"\x02\x00\x0aonCuePoint\x05");
        assert_eq!(parse_script(&cue), Ok(ScriptData::Other(cue)));
    }

    #[test]
    fn hostile_33_data_that_does_not_start_with_a_string() {
        // FFmpeg's time code: a bare object.
        assert_eq!(parse_script(&Bytes::from_static(b"\x03\x00\x00\x09")), Err(FlvError::NamelessScript));
        assert_eq!(parse_script(&Bytes::new()), Err(FlvError::NamelessScript));
        assert!(parse_script(&Bytes::from_static(b"\x02\xff\xffshort")).is_err());
        assert!(parse_script(&Bytes::from_static(b"\x02\x00\x0d@setDataFrame\x05")).is_err());
    }
}
