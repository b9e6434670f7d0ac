//! Decoding AMF3 (AMF3 section 3) with bounds on depth, number of values, string length and references.
//!
//! References to objects are answered with null: following them allows cycles, and no command needs them.

use super::containers::Traits;
use crate::amf0::{AmfError, Input, Value};
use crate::limits::{MAX_AMF_DEPTH, MAX_AMF_STRING, MAX_AMF_VALUES};

/// Reads AMF3 values one after the other, with the reference tables of one message.
#[derive(Debug)]
pub struct Decoder<'a> {
    pub(super) input: Input<'a>,
    depth: usize,
    values: usize,
    strings: Vec<&'a [u8]>,
    pub(super) objects: u32,
    pub(super) known_traits: Vec<Traits>,
}

impl<'a> Decoder<'a> {
    /// A decoder at the start of `bytes`.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self::within(bytes, 0, 0, 0)
    }

    /// A decoder inside an AMF0 message: it starts at offset `at`, `depth` levels deep, with `values` already counted.
    pub const fn within(bytes: &'a [u8], at: usize, depth: usize, values: usize) -> Self {
        Self { input: Input::new(bytes, at), depth, values, strings: Vec::new(), objects: 0, known_traits: Vec::new() }
    }

    /// The offset of the next byte.
    pub const fn position(&self) -> usize {
        self.input.at()
    }

    /// Values counted so far, those before this decoder included.
    pub const fn values_read(&self) -> usize {
        self.values
    }

    /// The next value.
    ///
    /// # Errors
    /// [`AmfError`] when it is cut short, malformed or beyond a limit.
    pub fn value(&mut self) -> Result<Value, AmfError> {
        self.nested(self.depth)
    }

    pub(super) fn nested(&mut self, depth: usize) -> Result<Value, AmfError> {
        let at = self.input.at();
        if depth > MAX_AMF_DEPTH {
            return Err(AmfError::TooDeep { at });
        }
        self.count(at)?;
        let marker = self.input.u8()?;
        match marker {
            0x00 => Ok(Value::Undefined),
            0x01 => Ok(Value::Null),
            0x02 => Ok(Value::Boolean(false)),
            0x03 => Ok(Value::Boolean(true)),
            0x04 => Ok(Value::Number(f64::from(sign_extended(self.u29()?)))),
            0x05 => Ok(Value::Number(self.input.f64()?)),
            0x06 => Ok(Value::String(self.string()?)),
            // XMLDocument and XML.
            0x07 | 0x0B => Ok(self.inline()?.map_or(Ok(Value::Null), |n| self.text(n).map(Value::Xml))?),
            0x08 => match self.inline()? {
                Some(_) => Ok(Value::Date(self.input.f64()?)),
                None => Ok(Value::Null),
            },
            0x09 => self.array(depth),
            0x0A => self.object(depth),
            0x0C => match self.inline()? {
                Some(length) => Ok(Value::ByteArray(self.bounded(length)?.to_vec())),
                None => Ok(Value::Null),
            },
            // Vectors of int, uint, double.
            0x0D..=0x0F => self.number_vector(marker),
            0x10 => self.object_vector(depth),
            0x11 => self.dictionary(depth),
            _ => Err(AmfError::BadMarker { marker, at }),
        }
    }

    pub(super) fn count(&mut self, at: usize) -> Result<(), AmfError> {
        self.values += 1;
        if self.values > MAX_AMF_VALUES { Err(AmfError::TooMany { at }) } else { Ok(()) }
    }

    /// The header of a complex value: its length or count when it stands here, `None` for a (checked) reference.
    pub(super) fn inline(&mut self) -> Result<Option<usize>, AmfError> {
        let at = self.input.at();
        let header = self.u29()?;
        if header & 1 == 1 {
            self.objects += 1;
            return Ok(Some((header >> 1) as usize));
        }
        self.known_object(header >> 1, at)?;
        Ok(None)
    }

    pub(super) fn known_object(&self, index: u32, at: usize) -> Result<(), AmfError> {
        if index < self.objects { Ok(()) } else { Err(AmfError::BadReference { index, at }) }
    }

    pub(super) fn string(&mut self) -> Result<String, AmfError> {
        let at = self.input.at();
        let header = self.u29()?;
        let index = header >> 1;
        if header & 1 == 0 {
            let bytes = *self.strings.get(index as usize).ok_or(AmfError::BadReference { index, at })?;
            return self.owned(bytes, at);
        }
        let bytes = self.bounded(index as usize)?;
        if !bytes.is_empty() {
            self.strings.push(bytes);
        }
        self.owned(bytes, at)
    }

    /// A copy of a string. A long string may be referred to often: each copy of more than a few bytes counts as values,
    /// so that the parsed form stays in proportion to the limits.
    fn owned(&mut self, bytes: &[u8], at: usize) -> Result<String, AmfError> {
        self.values += bytes.len() / 64;
        if self.values > MAX_AMF_VALUES + MAX_AMF_STRING / 64 {
            return Err(AmfError::TooMany { at });
        }
        Ok(String::from_utf8_lossy(bytes).into_owned())
    }

    fn text(&mut self, length: usize) -> Result<String, AmfError> {
        Ok(String::from_utf8_lossy(self.bounded(length)?).into_owned())
    }

    fn bounded(&mut self, length: usize) -> Result<&'a [u8], AmfError> {
        if length > MAX_AMF_STRING {
            return Err(AmfError::StringTooLong { length, at: self.input.at() });
        }
        self.input.take(length)
    }

    pub(super) fn u29(&mut self) -> Result<u32, AmfError> {
        let mut value = 0u32;
        for _ in 0..3 {
            let byte = self.input.u8()?;
            value = (value << 7) | u32::from(byte & 0x7F);
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Ok((value << 8) | u32::from(self.input.u8()?))
    }
}

/// AMF3 integers are 29 bits in two's complement.
fn sign_extended(value: u32) -> i32 {
    (value << 3).cast_signed() >> 3
}

#[cfg(test)]
mod tests {
    use super::super::encode_u29;
    use super::*;

    fn one(bytes: &[u8]) -> Result<Value, AmfError> {
        Decoder::new(bytes).value()
    }

    #[test]
    fn integers_of_all_widths_survive() {
        for value in [0, 0x7F, 0x80, 0x3FFF, 0x4000, 0x1F_FFFF, 0x20_0000, 0x0FFF_FFFF] {
            let mut bytes = vec![0x04];
            encode_u29(value, &mut bytes);
            assert_eq!(one(&bytes), Ok(Value::Number(f64::from(value))), "{value:#x}");
        }
        assert_eq!(one(&[0x04, 0xFF, 0xFF, 0xFF, 0xFF]), Ok(Value::Number(-1.0)));
    }

    #[test]
    fn dynamic_objects_with_string_references_decode() {
        // {app: "app"}: the value refers to string 0, the key.
        let bytes = [0x0A, 0x0B, 0x01, 0x07, b'a', b'p', b'p', 0x06, 0x00, 0x01];
        assert_eq!(one(&bytes), Ok(Value::object([("app", Value::string("app"))])));
    }

    #[test]
    fn a_reference_to_itself_is_null_and_to_nowhere_an_error() {
        // [ <array 0> ]
        assert_eq!(one(&[0x09, 0x03, 0x01, 0x09, 0x00]), Ok(Value::StrictArray(vec![Value::Null])));
        assert_eq!(one(&[0x09, 0x04]), Err(AmfError::BadReference { index: 2, at: 1 }));
        assert_eq!(one(&[0x06, 0x04]), Err(AmfError::BadReference { index: 2, at: 1 }));
    }

    #[test]
    fn vectors_and_dictionaries_decode() {
        assert_eq!(one(&[0x0D, 0x03, 0, 0xFF, 0xFF, 0xFF, 0xFE]), Ok(Value::StrictArray(vec![Value::Number(-2.0)])));
        assert_eq!(one(&[0x10, 0x03, 0, 0x01, 0x03]), Ok(Value::StrictArray(vec![Value::Boolean(true)])));
        assert_eq!(one(&[0x11, 0x03, 0, 0x04, 7, 0x01]), Ok(Value::EcmaArray(vec![("7".into(), Value::Null)])));
    }

    #[test]
    fn declared_counts_allocate_nothing() {
        for marker in [0x09, 0x0D, 0x0E, 0x0F, 0x10, 0x11] {
            let result = one(&[marker, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0x01, 0x01]);
            assert!(result.is_err(), "{marker:#x}");
        }
    }
}
