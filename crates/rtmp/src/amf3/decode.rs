//! Decoding AMF3 (AMF3 section 3) with bounds on depth, number of values, string length and references.
//!
//! References to objects are answered with null: following them allows cycles, and no command needs them.

use crate::amf0::{AmfError, Value};
use crate::limits::{MAX_AMF_DEPTH, MAX_AMF_STRING, MAX_AMF_VALUES};

/// Reads AMF3 values one after the other, with the reference tables of one message.
#[derive(Debug)]
pub struct Decoder<'a> {
    bytes: &'a [u8],
    at: usize,
    depth: usize,
    values: usize,
    strings: Vec<&'a [u8]>,
    objects: u32,
    traits: Vec<Traits>,
}

#[derive(Debug, Clone)]
struct Traits {
    externalizable: bool,
    dynamic: bool,
    names: Vec<String>,
}

impl<'a> Decoder<'a> {
    /// A decoder at the start of `bytes`.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self::within(bytes, 0, 0, 0)
    }

    /// A decoder inside an AMF0 message: it starts at offset `at`, `depth` levels deep, with `values` already counted.
    pub const fn within(bytes: &'a [u8], at: usize, depth: usize, values: usize) -> Self {
        Self { bytes, at, depth, values, strings: Vec::new(), objects: 0, traits: Vec::new() }
    }

    /// The offset of the next byte.
    pub const fn position(&self) -> usize {
        self.at
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

    fn nested(&mut self, depth: usize) -> Result<Value, AmfError> {
        let at = self.at;
        if depth > MAX_AMF_DEPTH {
            return Err(AmfError::TooDeep { at });
        }
        self.count(at)?;
        let marker = self.u8()?;
        match marker {
            0x00 => Ok(Value::Undefined),
            0x01 => Ok(Value::Null),
            0x02 => Ok(Value::Boolean(false)),
            0x03 => Ok(Value::Boolean(true)),
            0x04 => Ok(Value::Number(f64::from(sign_extended(self.u29()?)))),
            0x05 => Ok(Value::Number(self.f64()?)),
            0x06 => Ok(Value::String(self.string()?)),
            // XMLDocument and XML.
            0x07 | 0x0B => Ok(self.inline()?.map_or(Ok(Value::Null), |n| self.text(n).map(Value::Xml))?),
            0x08 => match self.inline()? {
                Some(_) => Ok(Value::Date(self.f64()?)),
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

    fn count(&mut self, at: usize) -> Result<(), AmfError> {
        self.values += 1;
        if self.values > MAX_AMF_VALUES { Err(AmfError::TooMany { at }) } else { Ok(()) }
    }

    /// The header of a complex value: its length or count when it stands here, `None` for a (checked) reference.
    fn inline(&mut self) -> Result<Option<usize>, AmfError> {
        let at = self.at;
        let header = self.u29()?;
        if header & 1 == 1 {
            self.objects += 1;
            return Ok(Some((header >> 1) as usize));
        }
        self.known_object(header >> 1, at)?;
        Ok(None)
    }

    fn known_object(&self, index: u32, at: usize) -> Result<(), AmfError> {
        if index < self.objects { Ok(()) } else { Err(AmfError::BadReference { index, at }) }
    }

    fn array(&mut self, depth: usize) -> Result<Value, AmfError> {
        let at = self.at;
        let Some(dense) = self.inline()? else { return Ok(Value::Null) };
        if dense > MAX_AMF_VALUES {
            return Err(AmfError::TooMany { at });
        }
        let mut pairs = self.dynamic_members(depth)?;
        let mut items = Vec::new();
        for _ in 0..dense {
            items.push(self.nested(depth + 1)?);
        }
        if pairs.is_empty() {
            return Ok(Value::StrictArray(items));
        }
        pairs.extend(items.into_iter().enumerate().map(|(index, value)| (index.to_string(), value)));
        Ok(Value::EcmaArray(pairs))
    }

    fn object(&mut self, depth: usize) -> Result<Value, AmfError> {
        let at = self.at;
        let header = self.u29()?;
        if header & 1 == 0 {
            self.known_object(header >> 1, at)?;
            return Ok(Value::Null);
        }
        self.objects += 1;
        let traits = self.traits(header, at)?;
        if traits.externalizable {
            // The body's form is known to its class alone; the only class met in RTMP wraps one value.
            return self.nested(depth + 1);
        }
        let mut pairs = Vec::new();
        for name in traits.names {
            pairs.push((name, self.nested(depth + 1)?));
        }
        if traits.dynamic {
            pairs.append(&mut self.dynamic_members(depth)?);
        }
        Ok(Value::Object(pairs))
    }

    fn traits(&mut self, header: u32, at: usize) -> Result<Traits, AmfError> {
        if header & 0b10 == 0 {
            let index = header >> 2;
            return self.traits.get(index as usize).cloned().ok_or(AmfError::BadReference { index, at });
        }
        let externalizable = header & 0b100 != 0;
        let dynamic = header & 0b1000 != 0;
        let count = if externalizable { 0 } else { (header >> 4) as usize };
        if count > MAX_AMF_VALUES {
            return Err(AmfError::TooMany { at });
        }
        self.string()?;
        let mut names = Vec::new();
        for _ in 0..count {
            // Names are kept and cloned per object: they count like values, or 1,024 objects could each hold 1,024.
            self.count(at)?;
            names.push(self.string()?);
        }
        let traits = Traits { externalizable, dynamic, names };
        self.traits.push(traits.clone());
        Ok(traits)
    }

    fn dynamic_members(&mut self, depth: usize) -> Result<Vec<(String, Value)>, AmfError> {
        let mut pairs = Vec::new();
        loop {
            let key = self.string()?;
            if key.is_empty() {
                return Ok(pairs);
            }
            pairs.push((key, self.nested(depth + 1)?));
        }
    }

    fn number_vector(&mut self, marker: u8) -> Result<Value, AmfError> {
        let at = self.at;
        let Some(count) = self.inline()? else { return Ok(Value::Null) };
        self.u8()?;
        let mut items = Vec::new();
        for _ in 0..count {
            self.count(at)?;
            items.push(Value::Number(match marker {
                0x0D => f64::from(self.u32()?.cast_signed()),
                0x0E => f64::from(self.u32()?),
                _ => self.f64()?,
            }));
        }
        Ok(Value::StrictArray(items))
    }

    fn object_vector(&mut self, depth: usize) -> Result<Value, AmfError> {
        let Some(count) = self.inline()? else { return Ok(Value::Null) };
        self.u8()?;
        self.string()?;
        let mut items = Vec::new();
        for _ in 0..count {
            items.push(self.nested(depth + 1)?);
        }
        Ok(Value::StrictArray(items))
    }

    fn dictionary(&mut self, depth: usize) -> Result<Value, AmfError> {
        let Some(count) = self.inline()? else { return Ok(Value::Null) };
        self.u8()?;
        let mut pairs = Vec::new();
        for _ in 0..count {
            let key = match self.nested(depth + 1)? {
                Value::String(text) => text,
                Value::Number(number) => number.to_string(),
                _ => String::new(),
            };
            pairs.push((key, self.nested(depth + 1)?));
        }
        Ok(Value::EcmaArray(pairs))
    }

    fn string(&mut self) -> Result<String, AmfError> {
        let at = self.at;
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
            return Err(AmfError::StringTooLong { length, at: self.at });
        }
        self.take(length)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], AmfError> {
        let end = self.at.checked_add(length).ok_or(AmfError::Truncated { at: self.at })?;
        let slice = self.bytes.get(self.at..end).ok_or(AmfError::Truncated { at: self.at })?;
        self.at = end;
        Ok(slice)
    }

    fn u8(&mut self) -> Result<u8, AmfError> {
        let at = self.at;
        self.take(1)?.first().copied().ok_or(AmfError::Truncated { at })
    }

    fn u32(&mut self) -> Result<u32, AmfError> {
        let at = self.at;
        Ok(u32::from_be_bytes(self.take(4)?.try_into().map_err(|_| AmfError::Truncated { at })?))
    }

    fn f64(&mut self) -> Result<f64, AmfError> {
        let at = self.at;
        Ok(f64::from_be_bytes(self.take(8)?.try_into().map_err(|_| AmfError::Truncated { at })?))
    }

    fn u29(&mut self) -> Result<u32, AmfError> {
        let mut value = 0u32;
        for _ in 0..3 {
            let byte = self.u8()?;
            value = (value << 7) | u32::from(byte & 0x7F);
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Ok((value << 8) | u32::from(self.u8()?))
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
