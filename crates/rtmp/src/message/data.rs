//! Data messages (RTMP 1.0 section 7.1.2): metadata and cues, passed on unparsed apart from their name.

use bytes::Bytes;

use super::command::envelope;
use crate::amf0::{Decoder, Value};

/// The body of a data message as players get it: without the AMF3 envelope and without the `@setDataFrame` in front
/// that tells a server to keep the metadata. Shares the bytes.
///
/// `None` when the message does not start with a string (FFmpeg's timecode data, SRS #3803), or is a
/// `@clearDataFrame`: nothing to pass on, no reason to end the stream.
pub fn playable(body: &Bytes, amf3_message: bool) -> Option<Bytes> {
    let inner = envelope(body, amf3_message);
    let start = body.len() - inner.len();
    let mut decoder = Decoder::new(inner);
    let name = name(&mut decoder)?;
    match name.as_str() {
        "@setDataFrame" => {
            let rest = start + decoder.position();
            self::name(&mut decoder)?;
            Some(body.slice(rest..))
        }
        "@clearDataFrame" => None,
        _ => Some(body.slice(start..)),
    }
}

fn name(decoder: &mut Decoder<'_>) -> Option<String> {
    match decoder.value() {
        Ok(Value::String(name)) => Some(name),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::amf0::encode_all;

    fn body(values: &[Value]) -> Bytes {
        encode_all(values).into()
    }

    #[test]
    fn set_data_frame_is_taken_off() {
        let meta = [Value::string("onMetaData"), Value::EcmaArray(vec![("width".into(), Value::Number(640.0))])];
        let framed = body(&[&[Value::string("@setDataFrame")][..], &meta].concat());
        assert_eq!(playable(&framed, false).unwrap(), body(&meta));
        assert_eq!(playable(&body(&meta), false).unwrap(), body(&meta));
        let enveloped = Bytes::from([&[0][..], &framed].concat());
        assert_eq!(playable(&enveloped, true).unwrap(), body(&meta));
    }

    #[test]
    fn data_without_a_name_is_dropped() {
        assert_eq!(playable(&body(&[Value::Number(1.0)]), false), None);
        assert_eq!(playable(&body(&[Value::string("@setDataFrame"), Value::Null]), false), None);
        assert_eq!(playable(&body(&[Value::string("@clearDataFrame")]), false), None);
        assert_eq!(playable(&Bytes::new(), false), None);
        assert_eq!(playable(&Bytes::from_static(&[2, 0xFF, 0xFF, 1]), false), None);
    }
}
