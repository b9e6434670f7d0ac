//! AMF3 values that hold others: arrays, objects, vectors, dictionaries (AMF3 sections 3.11 to 3.16).

use super::decode::Decoder;
use crate::amf0::{AmfError, Value};
use crate::limits::MAX_AMF_VALUES;

/// The shape of an object, which later objects may refer to.
#[derive(Debug, Clone)]
pub(super) struct Traits {
    externalizable: bool,
    dynamic: bool,
    names: Vec<String>,
}

impl Decoder<'_> {
    pub(super) fn array(&mut self, depth: usize) -> Result<Value, AmfError> {
        let at = self.input.at();
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

    pub(super) fn object(&mut self, depth: usize) -> Result<Value, AmfError> {
        let at = self.input.at();
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
            return self.known_traits.get(index as usize).cloned().ok_or(AmfError::BadReference { index, at });
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
        self.known_traits.push(traits.clone());
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

    pub(super) fn number_vector(&mut self, marker: u8) -> Result<Value, AmfError> {
        let at = self.input.at();
        let Some(count) = self.inline()? else { return Ok(Value::Null) };
        self.input.u8()?;
        let mut items = Vec::new();
        for _ in 0..count {
            self.count(at)?;
            items.push(Value::Number(match marker {
                0x0D => f64::from(self.input.u32()?.cast_signed()),
                0x0E => f64::from(self.input.u32()?),
                _ => self.input.f64()?,
            }));
        }
        Ok(Value::StrictArray(items))
    }

    pub(super) fn object_vector(&mut self, depth: usize) -> Result<Value, AmfError> {
        let Some(count) = self.inline()? else { return Ok(Value::Null) };
        self.input.u8()?;
        self.string()?;
        let mut items = Vec::new();
        for _ in 0..count {
            items.push(self.nested(depth + 1)?);
        }
        Ok(Value::StrictArray(items))
    }

    pub(super) fn dictionary(&mut self, depth: usize) -> Result<Value, AmfError> {
        let Some(count) = self.inline()? else { return Ok(Value::Null) };
        self.input.u8()?;
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
}
