//! Names: the grammar of rooms and streams, and the query strings that clients attach to them.
//!
//! `rtmp://host/ROOM/NAME`: the application is the room, the stream name the participant. No specification fixes the
//! grammar; ours admits what is safe in a path, a URL and a log line (Node-Media-Server #689 wrote files through a name).

use thiserror::Error;

use crate::limits::{MAX_NAME_LENGTH, MAX_QUERY_LENGTH};

/// Why a name was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NameError {
    /// Nothing before the query.
    #[error("the name is empty")]
    Empty,
    /// Longer than [`MAX_NAME_LENGTH`].
    #[error("the name has {0} characters, more than {MAX_NAME_LENGTH}")]
    TooLong(usize),
    /// `.` or `..`, which mean a directory elsewhere.
    #[error("the name is a dot segment")]
    DotSegment,
    /// A character outside `[A-Za-z0-9._~-]`, at this byte.
    #[error("the name has a forbidden character at byte {0}")]
    BadCharacter(usize),
    /// The query string is longer than [`MAX_QUERY_LENGTH`].
    #[error("the query string has {0} bytes, more than {MAX_QUERY_LENGTH}")]
    QueryTooLong(usize),
}

/// Checks a room or stream name: `[A-Za-z0-9._~-]{1,128}`, not `.` and not `..`.
///
/// # Errors
/// The first rule that the name breaks.
pub fn check_name(name: &str) -> Result<(), NameError> {
    if name.is_empty() {
        return Err(NameError::Empty);
    }
    if let Some(at) = name.bytes().position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'~' | b'-')))
    {
        return Err(NameError::BadCharacter(at));
    }
    if name.len() > MAX_NAME_LENGTH {
        return Err(NameError::TooLong(name.len()));
    }
    if name == "." || name == ".." {
        return Err(NameError::DotSegment);
    }
    Ok(())
}

/// An application as connect names it, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppPath {
    /// The room: the first path segment. Its grammar is checked.
    pub room: String,
    /// What followed the room (`room/instance`), without slashes at its ends; empty when there was nothing. Its
    /// characters are not checked: it names nothing here.
    pub instance: String,
    /// The query string without `?`, empty when there was none.
    pub query: String,
}

impl AppPath {
    /// Takes apart `room`, `room/`, `/room`, `room/instance` and each with `?query` behind.
    ///
    /// # Errors
    /// When the room breaks the grammar, or instance or query are too long.
    pub fn parse(app: &str) -> Result<Self, NameError> {
        let (path, query) = split_query(app);
        check_query(query)?;
        let path = path.trim_matches('/');
        let (room, instance) = path.split_once('/').unwrap_or((path, ""));
        check_name(room)?;
        let instance = instance.trim_matches('/');
        if instance.len() > MAX_NAME_LENGTH {
            return Err(NameError::TooLong(instance.len()));
        }
        Ok(Self { room: room.to_owned(), instance: instance.to_owned(), query: query.to_owned() })
    }
}

/// A stream name as publish or play gives it, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamPath {
    /// The name. Its grammar is checked.
    pub name: String,
    /// The query string without `?`, empty when there was none.
    pub query: String,
}

impl StreamPath {
    /// Takes apart `name` and `name?query`. A container prefix (`flv:`, `mp4:`) is dropped: FFmpeg and librtmp put one
    /// before names that end in `.mp4` or `.f4v`.
    ///
    /// # Errors
    /// When the name breaks the grammar or the query is too long.
    pub fn parse(stream: &str) -> Result<Self, NameError> {
        let (name, query) = split_query(stream);
        check_query(query)?;
        let name = name.strip_prefix("flv:").or_else(|| name.strip_prefix("mp4:")).unwrap_or(name);
        check_name(name)?;
        Ok(Self { name: name.to_owned(), query: query.to_owned() })
    }
}

/// The query string of a URL such as tcUrl, without `?`; empty when there is none.
pub fn query_of(url: &str) -> &str {
    split_query(url).1
}

/// One query string out of those of the stream name, the application and tcUrl. The name's comes first, so that a
/// reader who takes the first of equal keys takes the most specific; tcUrl only repeats the application, so its query
/// counts only where that has none.
pub fn merge_queries(name: &str, app: &str, tc_url: &str) -> String {
    let outer = if app.is_empty() { tc_url } else { app };
    match (name.is_empty(), outer.is_empty() || outer == name) {
        (true, _) => outer.to_owned(),
        (false, true) => name.to_owned(),
        (false, false) => format!("{name}&{outer}"),
    }
}

/// The longest start of `text` that has at most `length` bytes and ends between characters.
pub(crate) fn cut(text: &str, length: usize) -> &str {
    let end = (0..=length.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    text.get(..end.unwrap_or(0)).unwrap_or_default()
}

fn split_query(text: &str) -> (&str, &str) {
    text.split_once('?').unwrap_or((text, ""))
}

fn check_query(query: &str) -> Result<(), NameError> {
    if query.len() > MAX_QUERY_LENGTH { Err(NameError::QueryTooLong(query.len())) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_admits_ordinary_names() {
        for name in ["a", "room-1", "x.y_z~screen", "...", "A0", &"n".repeat(128)] {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
    }

    #[test]
    fn the_grammar_refuses_the_rest() {
        assert_eq!(check_name(""), Err(NameError::Empty));
        assert_eq!(check_name("."), Err(NameError::DotSegment));
        assert_eq!(check_name(".."), Err(NameError::DotSegment));
        assert_eq!(check_name(&"n".repeat(129)), Err(NameError::TooLong(129)));
        assert_eq!(check_name("a/b"), Err(NameError::BadCharacter(1)));
        assert_eq!(check_name("é"), Err(NameError::BadCharacter(0)));
    }

    #[test]
    fn applications_come_apart() {
        let app = |text| AppPath::parse(text).map(|a| (a.room, a.instance, a.query));
        let parts = |a: &str, b: &str, c: &str| Ok((a.to_owned(), b.to_owned(), c.to_owned()));
        assert_eq!(app("room"), parts("room", "", ""));
        assert_eq!(app("room/"), parts("room", "", ""));
        assert_eq!(app("/room"), parts("room", "", ""));
        assert_eq!(app("room/inst"), parts("room", "inst", ""));
        assert_eq!(app("room/?key=x"), parts("room", "", "key=x"));
        assert_eq!(app("room?key=x?y"), parts("room", "", "key=x?y"));
        assert_eq!(app(""), Err(NameError::Empty));
        assert_eq!(app("../x"), Err(NameError::DotSegment));
    }

    #[test]
    fn stream_names_come_apart() {
        let parsed = StreamPath::parse("mp4:cam.mp4?token=a/b").unwrap();
        assert_eq!((parsed.name.as_str(), parsed.query.as_str()), ("cam.mp4", "token=a/b"));
        assert_eq!(StreamPath::parse("?token=1"), Err(NameError::Empty));
        assert!(matches!(StreamPath::parse(&format!("a?{}", "q".repeat(9000))), Err(NameError::QueryTooLong(9000))));
    }

    #[test]
    fn cuts_fall_between_characters() {
        assert_eq!(cut("aéb", 1), "a");
        assert_eq!(cut("aéb", 2), "a");
        assert_eq!(cut("aéb", 3), "aé");
        assert_eq!(cut("é", 0), "");
        assert_eq!(cut("é", 99), "é");
    }

    #[test]
    fn queries_merge_with_the_most_specific_first() {
        assert_eq!(merge_queries("a=1", "b=2", "c=3"), "a=1&b=2");
        assert_eq!(merge_queries("", "", "c=3"), "c=3");
        assert_eq!(merge_queries("a=1", "a=1", ""), "a=1");
        assert_eq!(merge_queries("", "", ""), "");
    }
}
