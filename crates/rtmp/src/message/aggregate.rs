//! Aggregate messages (RTMP 1.0 section 7.1.6): a run of FLV tags in one message.

use bytes::Bytes;

use super::MessageError;
use crate::limits::MAX_AGGREGATE_PARTS;

/// One message out of an aggregate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Message type id: 8, 9 or 18 in practice.
    pub type_id: u8,
    /// Milliseconds, already moved onto the aggregate's own timestamp.
    pub timestamp: u32,
    /// The payload, sharing the aggregate's bytes.
    pub body: Bytes,
}

/// Splits an aggregate. Timestamps inside are renormalized: the first part gets the aggregate's timestamp, the others
/// keep their distance to it (modulo 2^32).
///
/// # Errors
/// When a part runs past the end or there are too many of them. A missing last back pointer is forgiven.
pub fn split(body: &Bytes, timestamp: u32) -> Result<Vec<Part>, MessageError> {
    /// Type, length, timestamp, its upper byte, stream id.
    const TAG_HEADER: usize = 11;
    const BACK_POINTER: usize = 4;
    let mut parts = Vec::new();
    let mut offset = None;
    let mut at = 0;
    while at < body.len() {
        let broken = MessageError::BadAggregate { at };
        let header = body.get(at..at + TAG_HEADER).ok_or(broken)?;
        let [type_id, l2, l1, l0, t2, t1, t0, t3, ..] = *header else { return Err(broken) };
        let length = u32::from_be_bytes([0, l2, l1, l0]) as usize;
        let time = u32::from_be_bytes([t3, t2, t1, t0]);
        let start = at + TAG_HEADER;
        let end = start + length;
        if end > body.len() {
            return Err(broken);
        }
        if parts.len() >= MAX_AGGREGATE_PARTS {
            return Err(MessageError::TooManyParts);
        }
        let offset = *offset.get_or_insert(timestamp.wrapping_sub(time));
        parts.push(Part { type_id, timestamp: time.wrapping_add(offset), body: body.slice(start..end) });
        at = end + BACK_POINTER;
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(kind: u8, time: u32, body: &[u8]) -> Vec<u8> {
        let [t3, t2, t1, t0] = time.to_be_bytes();
        let length = body.len() as u32;
        let mut tag = vec![kind];
        tag.extend(&length.to_be_bytes()[1..]);
        tag.extend([t2, t1, t0, t3, 0, 0, 0]);
        tag.extend(body);
        tag.extend((length + 11).to_be_bytes());
        tag
    }

    #[test]
    fn parts_keep_their_distance_in_time() {
        let body = Bytes::from([tag(9, 1000, b"video"), tag(8, 1013, b"a"), tag(8, 990, b"")].concat());
        let parts = split(&body, 50_000).unwrap();
        let times: Vec<_> = parts.iter().map(|p| (p.type_id, p.timestamp)).collect();
        assert_eq!(times, [(9, 50_000), (8, 50_013), (8, 49_990)]);
        assert_eq!(parts[0].body, "video");
    }

    #[test]
    fn cuts_are_errors_except_in_the_last_back_pointer() {
        let body = tag(9, 0, b"video");
        for cut in 1..body.len() {
            let result = split(&Bytes::copy_from_slice(&body[..cut]), 0);
            assert_eq!(result.is_ok(), cut >= 11 + 5, "cut at {cut}");
        }
    }

    #[test]
    fn too_many_parts_are_refused() {
        let body = Bytes::from(tag(8, 0, b"").repeat(MAX_AGGREGATE_PARTS + 1));
        assert_eq!(split(&body, 0), Err(MessageError::TooManyParts));
    }
}
