//! One media section of an offer (RFC 8866 section 5.14): what we may need of it, bounded and checked.

use super::lines::Line;
use super::payload::{PayloadType, is_legal};
use super::{MAX_ENTRIES, SetupError};

/// What a section carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::webrtc) enum MediaKind {
    /// Sound.
    Audio,
    /// Pictures.
    Video,
    /// Data channels or something unknown: always rejected.
    Other,
}

/// The peer's side of a section's direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    SendRecv,
    SendOnly,
    RecvOnly,
    Inactive,
}

/// One `m=` line with its attributes.
#[derive(Debug, Clone)]
pub(in crate::webrtc) struct Section {
    pub(super) line: usize,
    pub(super) kind: MediaKind,
    /// The media word of the line, e.g. `application`; repeated in the answer.
    pub(super) media: String,
    /// The transport of the line, repeated in the answer.
    pub(super) protocol: String,
    /// The formats as written; the first is repeated in the answer when the section is rejected.
    pub(super) formats: String,
    /// Port 0 without `bundle-only`: the peer itself has switched it off.
    pub(super) disabled: bool,
    pub(super) mid: Option<String>,
    pub(super) direction: Direction,
    pub(super) rtcp_mux: bool,
    pub(super) payloads: Vec<PayloadType>,
    /// Header extensions: id and URI.
    pub(super) extensions: Vec<(u8, String)>,
    /// The first stream's SSRC and that of its repair stream.
    pub(super) ssrc: Option<u32>,
    pub(super) repair_ssrc: Option<u32>,
    bundle_only: bool,
}

impl Section {
    /// Reads the `m=` line.
    pub(super) fn new(line: &Line<'_>) -> Result<Self, SetupError> {
        let mut words = line.value.splitn(4, ' ');
        let (Some(media), Some(port), Some(protocol), Some(formats)) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(line.invalid("m= needs media, port, transport and formats"));
        };
        let port: u16 = port.parse().map_err(|_| line.invalid("port is not a number below 65536"))?;
        let is_token = |s: &str| !s.is_empty() && s.len() <= 64 && s.bytes().all(|b| b.is_ascii_graphic());
        if !is_token(media) || !is_token(protocol) || !formats.split(' ').next().is_some_and(is_token) {
            return Err(line.invalid("m= holds an illegal word"));
        }
        let kind = match media {
            "audio" => MediaKind::Audio,
            "video" => MediaKind::Video,
            _ => MediaKind::Other,
        };
        let mut section = Self {
            line: line.number,
            kind,
            media: media.to_owned(),
            protocol: protocol.to_owned(),
            formats: formats.to_owned(),
            disabled: port == 0,
            mid: None,
            direction: Direction::SendRecv,
            rtcp_mux: false,
            payloads: Vec::new(),
            extensions: Vec::new(),
            ssrc: None,
            repair_ssrc: None,
            bundle_only: false,
        };
        if kind != MediaKind::Other {
            section.read_formats(line, formats)?;
        }
        if kind != MediaKind::Other && port != 0 && protocol != "UDP/TLS/RTP/SAVPF" {
            return Err(SetupError::Insecure { line: line.number, reason: "only UDP/TLS/RTP/SAVPF is accepted" });
        }
        Ok(section)
    }

    fn read_formats(&mut self, line: &Line<'_>, formats: &str) -> Result<(), SetupError> {
        for format in formats.split(' ').filter(|f| !f.is_empty()) {
            let number: u8 = format.parse().map_err(|_| line.invalid("payload type is not a number below 128"))?;
            if !is_legal(number) {
                return Err(line.invalid("payload type outside 0-63 and 96-127"));
            }
            if self.payloads.len() >= MAX_ENTRIES || self.payloads.iter().any(|p| p.number == number) {
                return Err(line.invalid("payload type given twice"));
            }
            self.payloads.push(PayloadType::new(number));
        }
        Ok(())
    }

    /// Reads one attribute of the section; unknown ones are ignored.
    pub(super) fn read_attribute(&mut self, line: &Line<'_>, name: &str, value: &str) -> Result<(), SetupError> {
        match name {
            "mid" => self.mid = Some(legal_mid(value).ok_or_else(|| line.invalid("illegal mid"))?),
            "sendrecv" => self.direction = Direction::SendRecv,
            "sendonly" => self.direction = Direction::SendOnly,
            "recvonly" => self.direction = Direction::RecvOnly,
            "inactive" => self.direction = Direction::Inactive,
            "rtcp-mux" => self.rtcp_mux = true,
            "bundle-only" => self.bundle_only = true,
            "rtpmap" => {
                let (payload, map) = self.payload(line, value)?;
                if let Some(payload) = payload {
                    payload.set_map(map).ok_or_else(|| line.invalid("malformed rtpmap"))?;
                }
            }
            "fmtp" => {
                if let (Some(payload), text) = self.payload(line, value)? {
                    payload.set_parameters(text);
                }
            }
            "extmap" => self.read_extension(line, value)?,
            "ssrc" => {
                let ssrc = value.split(' ').next().unwrap_or("");
                let ssrc = ssrc.parse().map_err(|_| line.invalid("SSRC is not a 32-bit number"))?;
                self.ssrc.get_or_insert(ssrc);
            }
            "ssrc-group" => self.read_group(value),
            _ => {}
        }
        Ok(())
    }

    /// The payload type that an `rtpmap` or `fmtp` line names, if the section lists it.
    fn payload<'v>(
        &mut self,
        line: &Line<'_>,
        value: &'v str,
    ) -> Result<(Option<&mut PayloadType>, &'v str), SetupError> {
        let (number, rest) = value.split_once(' ').unwrap_or((value, ""));
        if self.kind == MediaKind::Other {
            return Ok((None, rest));
        }
        let number: u8 = number.parse().map_err(|_| line.invalid("payload type is not a number below 128"))?;
        if !is_legal(number) {
            return Err(line.invalid("payload type outside 0-63 and 96-127"));
        }
        Ok((self.payloads.iter_mut().find(|p| p.number == number), rest))
    }

    fn read_extension(&mut self, line: &Line<'_>, value: &str) -> Result<(), SetupError> {
        let (id, rest) = value.split_once(' ').unwrap_or((value, ""));
        let id = id.split('/').next().unwrap_or("");
        let id: u16 = id.parse().map_err(|_| line.invalid("extension id is not a number"))?;
        let uri = rest.split(' ').next().unwrap_or("");
        // Ids above 14 need two-byte headers: legal, but nothing that we use needs them.
        if let Ok(id @ 1..=14) = u8::try_from(id)
            && self.extensions.len() < MAX_ENTRIES
        {
            self.extensions.push((id, uri.to_owned()));
        }
        Ok(())
    }

    /// `FID main repair` (RFC 5576 section 4.2); only the first group counts.
    fn read_group(&mut self, value: &str) {
        let mut words = value.split(' ');
        if words.next() == Some("FID") && self.repair_ssrc.is_none() {
            let mut ssrcs = words.map_while(|w| w.parse::<u32>().ok());
            if let (Some(main), Some(repair)) = (ssrcs.next(), ssrcs.next())
                && main != repair
            {
                self.ssrc = Some(main);
                self.repair_ssrc = Some(repair);
            }
        }
    }

    /// The id of a header extension.
    pub(super) fn extension(&self, uri: &str) -> Option<u8> {
        self.extensions.iter().find(|(_, u)| u == uri).map(|(id, _)| *id)
    }

    /// Whether the peer has switched the section off.
    pub(super) const fn is_off(&self) -> bool {
        self.disabled && !self.bundle_only
    }

    /// Whether it is about pictures.
    pub(in crate::webrtc) fn is_video(&self) -> bool {
        self.kind == MediaKind::Video
    }

    /// Whether the peer wants to receive here.
    pub(in crate::webrtc) const fn wants_media(&self) -> bool {
        !self.is_off() && matches!(self.direction, Direction::RecvOnly | Direction::SendRecv)
    }

    /// Whether the peer wants to send here.
    pub(in crate::webrtc) const fn brings_media(&self) -> bool {
        !self.is_off() && matches!(self.direction, Direction::SendOnly | Direction::SendRecv)
    }
}

/// A section's identification is a token (RFC 5888 section 4) of at most 16 characters (what the RTP header extension
/// of our library carries).
pub(super) fn legal_mid(value: &str) -> Option<String> {
    let legal = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`{|}~".contains(&b);
    let value = value.trim();
    ((1..=16).contains(&value.len()) && value.bytes().all(legal)).then(|| value.to_owned())
}
