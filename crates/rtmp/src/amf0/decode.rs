//! Decoding AMF0 (AMF0 section 2) with bounds on depth, number of values and string length.

use super::{AmfError, Input, Value};
use crate::amf3;
use crate::limits::{MAX_AMF_DEPTH, MAX_AMF_STRING, MAX_AMF_VALUES};

const NUMBER: u8 = 0x00;
const BOOLEAN: u8 = 0x01;
const STRING: u8 = 0x02;
const OBJECT: u8 = 0x03;
const NULL: u8 = 0x05;
const UNDEFINED: u8 = 0x06;
const REFERENCE: u8 = 0x07;
const ECMA_ARRAY: u8 = 0x08;
const OBJECT_END: u8 = 0x09;
const STRICT_ARRAY: u8 = 0x0A;
const DATE: u8 = 0x0B;
const LONG_STRING: u8 = 0x0C;
const UNSUPPORTED: u8 = 0x0D;
const XML: u8 = 0x0F;
const TYPED_OBJECT: u8 = 0x10;
const AVM_PLUS: u8 = 0x11;

/// Decodes all values of a message body, bounded as a whole.
///
/// # Errors
/// [`AmfError`] with the byte offset of what was wrong; never a partial result.
pub fn decode_all(body: &[u8]) -> Result<Vec<Value>, AmfError> {
    let mut decoder = Decoder::new(body);
    let mut values = Vec::new();
    while !decoder.is_empty() {
        values.push(decoder.value()?);
    }
    Ok(values)
}

/// Reads values one after the other.
#[derive(Debug)]
pub struct Decoder<'a> {
    input: Input<'a>,
    values: usize,
}

impl<'a> Decoder<'a> {
    /// A decoder at the start of `bytes`.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { input: Input::new(bytes, 0), values: 0 }
    }

    /// True when every byte was read.
    pub const fn is_empty(&self) -> bool {
        self.input.is_empty()
    }

    /// The offset of the next byte.
    pub const fn position(&self) -> usize {
        self.input.at()
    }

    /// The next value.
    ///
    /// # Errors
    /// [`AmfError`] when it is cut short, malformed or beyond a limit.
    pub fn value(&mut self) -> Result<Value, AmfError> {
        self.nested(0)
    }

    fn nested(&mut self, depth: usize) -> Result<Value, AmfError> {
        let at = self.input.at();
        if depth > MAX_AMF_DEPTH {
            return Err(AmfError::TooDeep { at });
        }
        self.values += 1;
        if self.values > MAX_AMF_VALUES {
            return Err(AmfError::TooMany { at });
        }
        let marker = self.input.u8()?;
        match marker {
            NUMBER => Ok(Value::Number(self.input.f64()?)),
            BOOLEAN => Ok(Value::Boolean(self.input.u8()? != 0)),
            STRING => Ok(Value::String(self.short_string()?)),
            LONG_STRING => Ok(Value::String(self.long_string()?)),
            XML => Ok(Value::Xml(self.long_string()?)),
            OBJECT => Ok(Value::Object(self.pairs(depth)?)),
            TYPED_OBJECT => {
                self.short_string()?;
                Ok(Value::Object(self.pairs(depth)?))
            }
            ECMA_ARRAY => {
                // The count is a hint that encoders get wrong (many write 0): the end marker is what counts.
                self.input.u32()?;
                Ok(Value::EcmaArray(self.pairs(depth)?))
            }
            STRICT_ARRAY => self.strict_array(depth),
            DATE => {
                let milliseconds = self.input.f64()?;
                self.input.take(2)?;
                Ok(Value::Date(milliseconds))
            }
            NULL => Ok(Value::Null),
            UNDEFINED | UNSUPPORTED => Ok(Value::Undefined),
            REFERENCE => {
                // No client sends references in RTMP commands, and following them allows cycles.
                Err(AmfError::BadReference { index: u32::from(self.input.u16()?), at })
            }
            AVM_PLUS => {
                let mut inner = amf3::Decoder::within(self.input.bytes(), self.input.at(), depth + 1, self.values);
                let value = inner.value()?;
                self.input.move_to(inner.position());
                self.values = inner.values_read();
                Ok(value)
            }
            _ => Err(AmfError::BadMarker { marker, at }),
        }
    }

    fn pairs(&mut self, depth: usize) -> Result<Vec<(String, Value)>, AmfError> {
        let mut pairs = Vec::new();
        loop {
            let key = self.short_string()?;
            // A missing end marker after the empty key is not forgiven: an empty key is legal in front of a value.
            if key.is_empty() && self.input.peek() == Some(OBJECT_END) {
                self.input.u8()?;
                return Ok(pairs);
            }
            pairs.push((key, self.nested(depth + 1)?));
        }
    }

    fn strict_array(&mut self, depth: usize) -> Result<Value, AmfError> {
        let at = self.input.at();
        let count = self.input.u32()? as usize;
        if count > MAX_AMF_VALUES {
            return Err(AmfError::TooMany { at });
        }
        let mut items = Vec::new();
        for _ in 0..count {
            items.push(self.nested(depth + 1)?);
        }
        Ok(Value::StrictArray(items))
    }

    fn short_string(&mut self) -> Result<String, AmfError> {
        let length = usize::from(self.input.u16()?);
        self.text(length)
    }

    fn long_string(&mut self) -> Result<String, AmfError> {
        let length = self.input.u32()? as usize;
        self.text(length)
    }

    fn text(&mut self, length: usize) -> Result<String, AmfError> {
        if length > MAX_AMF_STRING {
            return Err(AmfError::StringTooLong { length, at: self.input.at() });
        }
        Ok(String::from_utf8_lossy(self.input.take(length)?).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_marker_decodes() {
        let body = [
            &[NUMBER, 0x40, 0, 0, 0, 0, 0, 0, 0][..],
            &[BOOLEAN, 1],
            &[STRING, 0, 1, b'x'],
            &[NULL, UNDEFINED, UNSUPPORTED],
            &[STRICT_ARRAY, 0, 0, 0, 1, NULL],
            &[DATE, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            &[LONG_STRING, 0, 0, 0, 1, b'y'],
            &[XML, 0, 0, 0, 0],
            &[TYPED_OBJECT, 0, 1, b'C', 0, 1, b'k', NULL, 0, 0, OBJECT_END],
            &[ECMA_ARRAY, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, OBJECT_END],
            &[AVM_PLUS, 0x04, 0x05],
        ]
        .concat();
        let values = decode_all(&body).unwrap();
        assert_eq!(values.len(), 13);
        assert_eq!(values[0], Value::Number(2.0));
        assert_eq!(values[10], Value::Object(vec![("k".into(), Value::Null)]));
        assert_eq!(values[12], Value::Number(5.0));
    }

    #[test]
    fn an_empty_key_is_a_key() {
        let values = decode_all(&[OBJECT, 0, 0, NULL, 0, 0, OBJECT_END]).unwrap();
        assert_eq!(values, [Value::Object(vec![(String::new(), Value::Null)])]);
    }

    #[test]
    fn references_and_unknown_markers_are_errors() {
        assert_eq!(decode_all(&[REFERENCE, 0, 3]), Err(AmfError::BadReference { index: 3, at: 0 }));
        assert_eq!(decode_all(&[NULL, 0x04]), Err(AmfError::BadMarker { marker: 4, at: 1 }));
    }
}
