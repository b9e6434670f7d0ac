//! AMF3 (Adobe Action Message Format 3): bounded decoding into [`crate::amf0::Value`], and the little encoding needed.
//!
//! RTMP clients with objectEncoding 3 (Flash) send commands in an AMF0 envelope whose values may switch to AMF3.

mod containers;
mod decode;

pub use decode::Decoder;

/// Appends an AMF3 byte array (marker and body). Longer than 2^28 - 1 bytes is cut: the format cannot say more.
pub fn encode_byte_array(bytes: &[u8], out: &mut Vec<u8>) {
    const MAX: usize = 0x0FFF_FFFF;
    let bytes = bytes.get(..MAX).unwrap_or(bytes);
    out.push(0x0C);
    encode_u29((u32::try_from(bytes.len()).unwrap_or(0) << 1) | 1, out);
    out.extend_from_slice(bytes);
}

/// Appends an unsigned 29-bit integer in 1 to 4 bytes (AMF3 section 1.3.1); higher bits are dropped.
pub fn encode_u29(value: u32, out: &mut Vec<u8>) {
    let value = value & 0x1FFF_FFFF;
    let low7 = |shift: u32| ((value >> shift) & 0x7F) as u8;
    match value {
        0..0x80 => out.push(low7(0)),
        0x80..0x4000 => out.extend_from_slice(&[low7(7) | 0x80, low7(0)]),
        0x4000..0x20_0000 => out.extend_from_slice(&[low7(14) | 0x80, low7(7) | 0x80, low7(0)]),
        _ => out.extend_from_slice(&[low7(22) | 0x80, low7(15) | 0x80, low7(8) | 0x80, (value & 0xFF) as u8]),
    }
}
