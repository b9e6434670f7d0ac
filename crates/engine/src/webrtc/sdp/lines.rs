//! The lines of a session description (RFC 8866 section 5): `type=value`, numbered from 1.

use super::{MAX_SDP, SetupError};

/// One line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    /// Its number, from 1.
    pub(super) number: usize,
    /// The letter before `=`.
    pub(super) kind: u8,
    /// What stands behind `=`.
    pub(super) value: &'a str,
}

impl<'a> Line<'a> {
    /// An attribute's name and value (empty without a colon); `None` when the line is not an `a=` line.
    pub(super) fn attribute(&self) -> Option<(&'a str, &'a str)> {
        (self.kind == b'a').then(|| self.value.split_once(':').unwrap_or((self.value, "")))
    }

    /// An error at this line.
    pub(super) const fn invalid(&self, reason: &'static str) -> SetupError {
        SetupError::invalid(self.number, reason)
    }
}

/// Splits a description into its lines, which end in CRLF or LF; empty lines are skipped.
///
/// # Errors
/// A text over the limit, with a control character, or with a line that is not `type=value`.
pub(super) fn lines(text: &str) -> Result<impl Iterator<Item = Result<Line<'_>, SetupError>>, SetupError> {
    if text.len() > MAX_SDP {
        return Err(SetupError::TooLarge { bytes: text.len() });
    }
    let numbered = text.split('\n').enumerate();
    Ok(numbered.filter(|(_, line)| !line.trim_end_matches('\r').is_empty()).map(|(index, line)| {
        let number = index + 1;
        let line = line.strip_suffix('\r').unwrap_or(line);
        if line.bytes().any(|b| b.is_ascii_control() && b != b'\t') {
            return Err(SetupError::invalid(number, "control character"));
        }
        match line.as_bytes() {
            [kind, b'=', ..] if kind.is_ascii_lowercase() => {
                Ok(Line { number, kind: *kind, value: line.get(2..).unwrap_or("") })
            }
            _ => Err(SetupError::invalid(number, "not of the form type=value")),
        }
    }))
}
