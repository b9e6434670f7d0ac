//! The head of an HTTP/1.1 request for a stream (RFC 9112), read within limits.

use super::response::Problem;
use crate::options::MAX_WAIT;
use rtmp_gateway_rtmp::name::check_name;
use std::time::Duration;

/// Bytes of a request's head: players send a few hundred, a token in the query makes it some KiB; more is an attempt to
/// make a stranger's connection expensive.
pub(super) const MAX_HEAD: usize = 16 * 1024;
/// Header fields of a request, for the same reason; browsers send about 20.
const MAX_FIELDS: usize = 64;

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Request {
    /// A stream.
    Play(Play),
    /// What a page of another origin may ask (a CORS preflight).
    Options,
}

/// A request for a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Play {
    pub room: String,
    pub name: String,
    /// The query string as sent.
    pub query: String,
    /// How long to wait for the stream to be published.
    pub wait: Duration,
}

/// Reads a request's head; `None` when it is not complete yet.
pub(super) fn parse(input: &[u8]) -> Result<Option<Request>, Problem> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    let mut request = httparse::Request::new(&mut fields);
    match request.parse(input) {
        Ok(httparse::Status::Complete(length)) if length <= MAX_HEAD => {}
        Ok(httparse::Status::Partial) if input.len() < MAX_HEAD => return Ok(None),
        Ok(_) | Err(httparse::Error::TooManyHeaders) => return Err(Problem::HEAD_TOO_LARGE),
        Err(error) => return Err(Problem::malformed(format!("this is no HTTP/1.1 request: {error}"))),
    }
    let target = request.path.unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let Some(stream) = path.strip_prefix("/flv/").and_then(|rest| rest.strip_suffix(".flv")) else {
        return Err(Problem::ROUTE_NOT_FOUND);
    };
    let Some((room, name)) = stream.split_once('/') else { return Err(Problem::ROUTE_NOT_FOUND) };
    match request.method {
        Some("GET") => {}
        Some("OPTIONS") => return Ok(Some(Request::Options)),
        _ => return Err(Problem::METHOD),
    }
    let (room, name) = (decode(room), decode(name));
    let (Some(room), Some(name)) = (room.filter(|room| check_name(room).is_ok()), name) else {
        return Err(Problem::NAME);
    };
    if check_name(&name).is_err() {
        return Err(Problem::NAME);
    }
    Ok(Some(Request::Play(Play { room, name, query: query.to_owned(), wait: wait(query)? })))
}

/// Percent-decodes a path segment; `None` when it is broken. Whether the result is a name is checked after it.
fn decode(segment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte == b'%' {
            let (digits, after) = rest.split_first_chunk::<2>()?;
            let text = std::str::from_utf8(digits).ok().filter(|text| !text.starts_with('+'))?;
            bytes.push(u8::from_str_radix(text, 16).ok()?);
            rest = after;
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

/// The value of `?wait=`, in seconds.
fn wait(query: &str) -> Result<Duration, Problem> {
    let Some(value) = query.split('&').find_map(|pair| pair.strip_prefix("wait=")) else { return Ok(Duration::ZERO) };
    let seconds = value.parse::<f64>().ok().filter(|seconds| (0.0..=MAX_WAIT.as_secs_f64()).contains(seconds));
    let seconds = seconds.ok_or_else(|| Problem::malformed("wait must be 0 to 30 seconds".to_owned()))?;
    Ok(Duration::from_secs_f64(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(target: &str) -> Result<Option<Request>, Problem> {
        parse(format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes())
    }

    fn status(result: Result<Option<Request>, Problem>) -> u16 {
        result.expect_err("refused").status
    }

    #[test]
    fn a_stream_its_query_and_its_wait() {
        let Ok(Some(Request::Play(play))) = get("/flv/live/de%6Do~screen.flv?key=a&wait=1.5") else { panic!() };
        assert_eq!((&*play.room, &*play.name), ("live", "demo~screen"));
        assert_eq!((&*play.query, play.wait), ("key=a&wait=1.5", Duration::from_millis(1_500)));
        assert_eq!(parse(b"OPTIONS /flv/a/b.flv HTTP/1.1\r\n\r\n").ok(), Some(Some(Request::Options)));
    }

    #[test]
    fn every_cut_of_a_request_is_incomplete() {
        let whole = b"GET /flv/live/demo.flv HTTP/1.1\r\nHost: x\r\n\r\n";
        for cut in 0..whole.len() {
            assert_eq!(parse(&whole[..cut]).ok(), Some(None), "{cut}");
        }
    }

    #[test]
    fn hostile_35_names_outside_the_grammar_are_refused() {
        let long = format!("/flv/a/{}.flv", "b".repeat(129));
        for target in ["/flv/../b.flv", "/flv/a/..%2fb.flv", "/flv/a/b%00.flv", "/flv/a/%.flv", "/flv/a/%+1.flv", &long]
        {
            assert_eq!(status(get(target)), 400, "{target}");
        }
        for target in ["/", "/flv/a.flv", "/flv/a/b", "/other/a/b.flv", "*"] {
            assert_eq!(status(get(target)), 404, "{target}");
        }
    }

    #[test]
    fn hostile_60_class_heads_are_bounded_and_nonsense_is_refused() {
        let long = format!("/flv/a/b.flv?{}", "x".repeat(MAX_HEAD));
        assert_eq!(status(get(&long)), 431);
        let many = format!("GET /flv/a/b.flv HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(MAX_FIELDS + 1));
        assert_eq!(status(parse(many.as_bytes())), 431);
        assert_eq!(status(parse(&vec![b'a'; MAX_HEAD])), 431, "a method without end");
        for bad in [
            &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
            b"GET /flv/a/b.flv HTTP/2.0\r\n\r\n",
            b"\x03\0\0\0\0",
        ] {
            assert_eq!(status(parse(bad)), 400, "{bad:?}");
        }
        assert_eq!(status(parse(b"POST /flv/a/b.flv HTTP/1.1\r\n\r\n")), 405);
        for wait in ["-1", "31", "NaN", "1e999", "x", ""] {
            assert_eq!(status(get(&format!("/flv/a/b.flv?wait={wait}"))), 400, "{wait}");
        }
    }
}
