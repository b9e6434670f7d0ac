//! Escaping of strings that came from a peer before they reach a log line (CWE-117, log injection).

use std::fmt::{self, Display, Write};

use crate::limits::MAX_LOGGED_CHARACTERS;

/// Displays a peer's string on one line: control characters, quotes, backslashes and everything outside printable
/// ASCII become escapes, and what is longer than [`MAX_LOGGED_CHARACTERS`] is cut with `...`.
#[derive(Debug, Clone, Copy)]
pub struct Escaped<'a>(pub &'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, character) in self.0.chars().enumerate() {
            if index >= MAX_LOGGED_CHARACTERS {
                return formatter.write_str("...");
            }
            match character {
                ' '..='~' if character != '\\' && character != '"' => formatter.write_char(character)?,
                _ => write!(formatter, "{}", character.escape_default())?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_quotes_and_foreign_letters_are_escaped() {
        let text = Escaped("a\r\n\u{1b}[31mb\"\\\0\u{202e}é").to_string();
        assert_eq!(text, "a\\r\\n\\u{1b}[31mb\\\"\\\\\\u{0}\\u{202e}\\u{e9}");
        assert!(text.chars().all(|c| (' '..='~').contains(&c)));
    }

    #[test]
    fn long_strings_are_cut() {
        let text = Escaped(&"x".repeat(100_000)).to_string();
        assert_eq!(text.len(), MAX_LOGGED_CHARACTERS + 3);
        assert!(text.ends_with("..."));
    }
}
