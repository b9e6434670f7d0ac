//! RTP header extensions in their one-byte and two-byte forms (RFC 8285).

use bytes::Bytes;
use thiserror::Error;

/// The profile field of the one-byte form (section 4.2).
const ONE_BYTE_PROFILE: u16 = 0xbede;
/// The profile field of the two-byte form without its low four application bits (section 4.3).
const TWO_BYTE_PROFILE: u16 = 0x1000;
/// In the one-byte form this id ends the elements.
const ONE_BYTE_STOP_ID: u8 = 15;

/// Why an extension's elements could not be read or written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ExtensionError {
    /// An element reaches beyond the extension.
    #[error("header extension element at byte {offset} ends beyond the extension of {length} bytes")]
    Truncated {
        /// Where the element starts.
        offset: usize,
        /// Bytes in the extension.
        length: usize,
    },
    /// To be written: an id that is 0, or data above 255 bytes.
    #[error("header extension element {id} of {length} bytes cannot be written")]
    Unwritable {
        /// The element's id.
        id: u8,
        /// Its length in bytes.
        length: usize,
    },
}

/// A packet's header extension: a profile and whole words of data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderExtension {
    /// Which form the data has: 0xbede one-byte, 0x100X two-byte, others are unknown.
    pub profile: u16,
    /// The elements, padded to a multiple of four bytes.
    pub data: Bytes,
}

/// One element of an extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Element<'a> {
    /// The id that the session's description maps to a meaning, never 0.
    pub id: u8,
    /// Its data: 1 to 16 bytes in the one-byte form, 0 to 255 in the two-byte form.
    pub data: &'a [u8],
}

impl HeaderExtension {
    /// An extension of these elements: in the one-byte form when every id is below 15 and all data 1 to 16 bytes long,
    /// else in the two-byte form.
    ///
    /// # Errors
    /// An id is 0 or data is above 255 bytes.
    pub fn from_elements(elements: &[Element<'_>]) -> Result<Self, ExtensionError> {
        let one_byte = elements.iter().all(|e| e.id < ONE_BYTE_STOP_ID && (1..=16).contains(&e.data.len()));
        let mut data = Vec::new();
        for &Element { id, data: content } in elements {
            let unwritable = ExtensionError::Unwritable { id, length: content.len() };
            let length = u8::try_from(content.len()).map_err(|_| unwritable)?;
            if id == 0 {
                return Err(unwritable);
            }
            if one_byte {
                data.push(id << 4 | length.wrapping_sub(1) & 0x0f);
            } else {
                data.extend([id, length]);
            }
            data.extend_from_slice(content);
        }
        data.resize(data.len().next_multiple_of(4), 0);
        let profile = if one_byte { ONE_BYTE_PROFILE } else { TWO_BYTE_PROFILE };
        Ok(Self { profile, data: Bytes::from(data) })
    }

    /// The elements in order; none for an unknown profile. Ends after the first error.
    pub fn elements(&self) -> Elements<'_> {
        let form = match self.profile {
            ONE_BYTE_PROFILE => Some(Form::OneByte),
            profile if profile & 0xfff0 == TWO_BYTE_PROFILE => Some(Form::TwoByte),
            _ => None,
        };
        Elements { data: &self.data, offset: 0, form }
    }
}

#[derive(Debug, Clone, Copy)]
enum Form {
    OneByte,
    TwoByte,
}

/// Iterator over the elements of a [`HeaderExtension`].
#[derive(Debug, Clone)]
pub struct Elements<'a> {
    data: &'a [u8],
    offset: usize,
    form: Option<Form>,
}

impl<'a> Iterator for Elements<'a> {
    type Item = Result<Element<'a>, ExtensionError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let form = self.form?;
            let start = self.offset;
            let first = *self.data.get(start)?;
            // A zero byte is padding, also between elements.
            if first == 0 {
                self.offset += 1;
                continue;
            }
            let (id, body) = match form {
                Form::OneByte if first >> 4 == ONE_BYTE_STOP_ID => {
                    self.form = None;
                    return None;
                }
                Form::OneByte => (first >> 4, Some((start + 1, usize::from(first & 0x0f) + 1))),
                Form::TwoByte => (first, self.data.get(start + 1).map(|length| (start + 2, usize::from(*length)))),
            };
            let range = body.map(|(body, length)| body..body + length);
            let Some((range, data)) = range.and_then(|range| Some((range.clone(), self.data.get(range)?))) else {
                self.form = None;
                return Some(Err(ExtensionError::Truncated { offset: start, length: self.data.len() }));
            };
            self.offset = range.end;
            // Id 0 with a length is forbidden in the one-byte form: skipped like padding (section 4.2).
            if id != 0 {
                return Some(Ok(Element { id, data }));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ids(profile: u16, data: &'static [u8]) -> Vec<Result<u8, ExtensionError>> {
        let extension = HeaderExtension { profile, data: Bytes::from_static(data) };
        extension.elements().map(|element| element.map(|element| element.id)).collect()
    }

    #[test]
    fn padding_the_stop_id_and_unknown_profiles_are_understood() {
        assert_eq!(ids(0xbede, &[0x10, 1, 0, 0, 0x21, 5, 6, 0]), [Ok(1), Ok(2)]);
        assert_eq!(ids(0xbede, &[0x10, 1, 0xf0, 0x20]), [Ok(1)]);
        assert_eq!(ids(0x1003, &[1, 0, 0, 2, 1, 9, 0, 0]), [Ok(1), Ok(2)]);
        assert_eq!(ids(0x4321, &[0x10, 1, 0, 0]), []);
        assert_eq!(ids(0xbede, &[0x03, 1, 2, 3, 4, 0x20, 7, 0]), [Ok(2)]);
    }

    #[test]
    fn elements_past_the_end_are_errors_once() {
        let error = Err(ExtensionError::Truncated { offset: 2, length: 4 });
        assert_eq!(ids(0xbede, &[0x10, 1, 0x2f, 1]), [Ok(1), error]);
        assert_eq!(ids(0x1000, &[1, 0, 2, 9]), [Ok(1), error]);
        assert_eq!(ids(0x1000, &[1, 1, 2, 9]), [Ok(1), Err(ExtensionError::Truncated { offset: 3, length: 4 })]);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            elements in prop::collection::vec((1..=255_u8, prop::collection::vec(any::<u8>(), 0..40)), 0..6),
        ) {
            let elements: Vec<_> = elements.iter().map(|(id, data)| Element { id: *id, data }).collect();
            let extension = HeaderExtension::from_elements(&elements).unwrap();
            prop_assert!(extension.data.len().is_multiple_of(4));
            prop_assert_eq!(extension.elements().collect::<Result<Vec<_>, _>>().unwrap(), elements);
        }

        #[test]
        fn any_bytes_end(profile in any::<u16>(), data in prop::collection::vec(any::<u8>(), 0..60)) {
            for profile in [profile, 0xbede, 0x1000] {
                let extension = HeaderExtension { profile, data: Bytes::from(data.clone()) };
                prop_assert!(extension.elements().count() <= data.len() + 1);
            }
        }
    }
}
