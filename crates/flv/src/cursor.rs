//! A bounded reading position in a tag body.

use crate::{FlvError, four_cc};
use bytes::Bytes;
use rtmp_gateway_media::{FourCc, TrackKind};

/// Reads a body front to back; a read past the end is [`FlvError::Short`].
pub(crate) struct Cursor<'a> {
    body: &'a Bytes,
    offset: usize,
    what: &'static str,
}

impl<'a> Cursor<'a> {
    pub(crate) const fn new(body: &'a Bytes, what: &'static str) -> Self {
        Self { body, offset: 0, what }
    }

    pub(crate) const fn offset(&self) -> usize {
        self.offset
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.offset >= self.body.len()
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], FlvError> {
        let rest = self.body.get(self.offset..).and_then(|rest| rest.first_chunk::<N>());
        let chunk = *rest.ok_or(FlvError::Short { what: self.what, offset: self.body.len() })?;
        self.offset += N;
        Ok(chunk)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, FlvError> {
        let [byte] = self.array()?;
        Ok(byte)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, FlvError> {
        Ok(u16::from_be_bytes(self.array()?))
    }

    pub(crate) fn u24(&mut self) -> Result<u32, FlvError> {
        let [a, b, c] = self.array()?;
        Ok(u32::from_be_bytes([0, a, b, c]))
    }

    /// A signed 24-bit number (composition time offsets).
    pub(crate) fn s24(&mut self) -> Result<i32, FlvError> {
        let [a, b, c] = self.array()?;
        Ok(i32::from_be_bytes([a, b, c, 0]) >> 8)
    }

    /// A FourCC that is defined for `kind`.
    pub(crate) fn four_cc(&mut self, kind: TrackKind) -> Result<FourCc, FlvError> {
        let code = FourCc(self.array()?);
        if four_cc::is_known(code, kind) { Ok(code) } else { Err(FlvError::UnknownFourCc(code)) }
    }

    /// The next `length` bytes, shared with the body.
    pub(crate) fn take(&mut self, length: usize) -> Result<Bytes, FlvError> {
        let end = self.offset.checked_add(length).filter(|end| *end <= self.body.len());
        let end = end.ok_or(FlvError::Short { what: self.what, offset: self.body.len() })?;
        let bytes = self.body.slice(self.offset..end);
        self.offset = end;
        Ok(bytes)
    }

    /// Everything left, shared with the body.
    pub(crate) fn rest(&mut self) -> Bytes {
        let bytes = self.body.slice(self.offset.min(self.body.len())..);
        self.offset = self.body.len();
        bytes
    }
}
