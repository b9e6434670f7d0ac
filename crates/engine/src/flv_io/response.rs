//! The heads and problem details (RFC 9457) that HTTP-FLV requests are answered with.

use std::borrow::Cow;

/// Web players live in pages of other origins; there are no cookies that they could borrow.
const CORS: &str = "Access-Control-Allow-Origin: *\r\n";

/// The head before the file; its end is the end of the connection, since it has no length.
pub(super) const FILE_HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: video/x-flv\r\nCache-Control: no-store\r\n\
    Connection: close\r\nX-Content-Type-Options: nosniff\r\nAccess-Control-Allow-Origin: *\r\n\r\n";

/// The answer to a CORS preflight.
pub(super) const OPTIONS_HEAD: &str = "HTTP/1.1 204 No Content\r\nAllow: GET, OPTIONS\r\n\
    Access-Control-Allow-Methods: GET, OPTIONS\r\nAccess-Control-Allow-Headers: Range, Authorization\r\n\
    Access-Control-Max-Age: 7200\r\nConnection: close\r\nAccess-Control-Allow-Origin: *\r\n\r\n";

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    pub status: u16,
    pub code: &'static str,
    title: &'static str,
    detail: Cow<'static, str>,
}

impl Problem {
    pub(super) const HEAD_TOO_LARGE: Self =
        Self::fixed(431, "GW_REQUEST_INVALID", "Request Header Fields Too Large", "the request's head is too large");
    pub(super) const ROUTE_NOT_FOUND: Self =
        Self::fixed(404, "GW_ROUTE_NOT_FOUND", "Not Found", "only /flv/ROOM/NAME.flv is served here");
    pub(super) const METHOD: Self =
        Self::fixed(405, "GW_METHOD_NOT_ALLOWED", "Method Not Allowed", "streams are played with GET");
    pub(super) const NAME: Self = Self::fixed(
        400,
        "GW_NAME_INVALID",
        "Bad Request",
        "room and name are 1 to 128 of the characters A-Z a-z 0-9 . _ ~ - and neither . nor ..",
    );
    pub(super) const BUSY: Self =
        Self::fixed(503, "GW_BUSY", "Service Unavailable", "the gateway is overloaded; try again");
    pub(super) const TOO_MANY_WAITING: Self =
        Self::fixed(503, "GW_TOO_MANY_SESSIONS", "Service Unavailable", "too many requests wait for a stream");
    pub(super) const NO_DECISION: Self =
        Self::fixed(503, "GW_DECISION_TIMEOUT", "Service Unavailable", "no decision in time; try again");
    pub(super) const ENDED: Self =
        Self::fixed(404, "GW_STREAM_NOT_FOUND", "Not Found", "the stream has ended before it began");
    pub(super) const STOPPED: Self = Self::fixed(503, "GW_STOPPED", "Service Unavailable", "the gateway is stopping");
    pub(super) const SLOW_REQUEST: Self =
        Self::fixed(408, "GW_REQUEST_TIMEOUT", "Request Timeout", "the request did not arrive in time");

    const fn fixed(status: u16, code: &'static str, title: &'static str, detail: &'static str) -> Self {
        Self { status, code, title, detail: Cow::Borrowed(detail) }
    }

    pub(super) fn malformed(detail: String) -> Self {
        Self { status: 400, code: "GW_REQUEST_INVALID", title: "Bad Request", detail: detail.into() }
    }

    pub(super) fn forbidden(reason: String) -> Self {
        Self { status: 403, code: "GW_FORBIDDEN", title: "Forbidden", detail: reason.into() }
    }

    pub(super) fn stream_not_found(room: &str, name: &str) -> Self {
        let detail = format!("{room}/{name} is not being published");
        Self { status: 404, code: "GW_STREAM_NOT_FOUND", title: "Not Found", detail: detail.into() }
    }

    /// The whole answer.
    pub(super) fn answer(&self) -> String {
        let Self { status, code, title, detail } = self;
        let body = format!(
            r#"{{"type":"urn:rtmp-gateway:error:{code}","title":"{title}","status":{status},"detail":{},"code":"{code}"}}"#,
            json_string(detail)
        );
        let allow = if *status == 405 { "Allow: GET, OPTIONS\r\n" } else { "" };
        format!(
            "HTTP/1.1 {status} {title}\r\nContent-Type: application/problem+json\r\nContent-Length: {}\r\n\
             Cache-Control: no-store\r\nConnection: close\r\nX-Content-Type-Options: nosniff\r\n{allow}{CORS}\r\n{body}",
            body.len()
        )
    }
}

fn json_string(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            // RFC 8259 section 7; `<` as well, for whoever shows it in a page.
            character if character < ' ' || character == '<' => out.push_str(&format!("\\u{:04x}", character as u32)),
            character => out.push(character),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_are_json_whatever_a_hook_says() {
        let answer = Problem::forbidden("say \"<b>\\\n".to_owned()).answer();
        let (head, body) = answer.split_once("\r\n\r\n").expect("a body");
        assert!(head.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{head}");
        assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())), "{head}");
        assert!(body.contains(r#""detail":"say \"\u003cb>\\\u000a""#), "{body}");
        assert!(Problem::METHOD.answer().contains("\r\nAllow: GET, OPTIONS\r\n"));
    }
}
