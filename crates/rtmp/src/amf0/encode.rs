//! Encoding AMF0 (AMF0 section 2).

use super::Value;

/// Appends one value. A string above 65,535 bytes becomes a long string, a key above that is cut.
pub fn encode(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Number(number) => {
            out.push(0x00);
            out.extend_from_slice(&number.to_be_bytes());
        }
        Value::Boolean(truth) => out.extend_from_slice(&[0x01, u8::from(*truth)]),
        Value::String(text) => match u16::try_from(text.len()) {
            Ok(length) => {
                out.push(0x02);
                out.extend_from_slice(&length.to_be_bytes());
                out.extend_from_slice(text.as_bytes());
            }
            Err(_) => long_text(0x0C, text.as_bytes(), out),
        },
        Value::Object(pairs) => {
            out.push(0x03);
            encode_pairs(pairs, out);
        }
        Value::Null => out.push(0x05),
        Value::Undefined => out.push(0x06),
        Value::EcmaArray(pairs) => {
            out.push(0x08);
            out.extend_from_slice(&saturating_u32(pairs.len()).to_be_bytes());
            encode_pairs(pairs, out);
        }
        Value::StrictArray(items) => {
            out.push(0x0A);
            out.extend_from_slice(&saturating_u32(items.len()).to_be_bytes());
            for item in items {
                encode(item, out);
            }
        }
        Value::Date(milliseconds) => {
            out.push(0x0B);
            out.extend_from_slice(&milliseconds.to_be_bytes());
            out.extend_from_slice(&[0, 0]);
        }
        Value::Xml(text) => long_text(0x0F, text.as_bytes(), out),
        // AMF0 has no byte array; its switch to AMF3 does.
        Value::ByteArray(bytes) => {
            out.push(0x11);
            crate::amf3::encode_byte_array(bytes, out);
        }
    }
}

/// Encodes values one after the other, as commands and data messages carry them.
pub fn encode_all(values: &[Value]) -> Vec<u8> {
    let mut out = Vec::with_capacity(128);
    for value in values {
        encode(value, &mut out);
    }
    out
}

fn encode_pairs(pairs: &[(String, Value)], out: &mut Vec<u8>) {
    for (key, value) in pairs {
        let key = key.as_bytes();
        let length = u16::try_from(key.len()).unwrap_or(u16::MAX);
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(key.get(..usize::from(length)).unwrap_or(key));
        encode(value, out);
    }
    out.extend_from_slice(&[0, 0, 0x09]);
}

fn long_text(marker: u8, text: &[u8], out: &mut Vec<u8>) {
    out.push(marker);
    out.extend_from_slice(&saturating_u32(text.len()).to_be_bytes());
    out.extend_from_slice(text);
}

fn saturating_u32(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::decode_all;
    use super::*;

    #[test]
    fn values_survive_the_round_trip() {
        let values = vec![
            Value::Number(-1.5),
            Value::Boolean(true),
            Value::string("x".repeat(65_536)),
            Value::object([("a", Value::Null), ("b", Value::object([("c", Value::Undefined)]))]),
            Value::EcmaArray(vec![("__proto__".into(), Value::Date(1.0))]),
            Value::StrictArray(vec![Value::string(""), Value::Xml("<a/>".into())]),
            Value::ByteArray(vec![0, 1, 255]),
        ];
        assert_eq!(decode_all(&encode_all(&values)).unwrap(), values);
    }
}
