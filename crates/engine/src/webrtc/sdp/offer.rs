//! A whole offer, read and checked (RFC 8829 section 5.8, RFC 9725 section 4.2).

use super::lines::{Line, lines};
use super::section::{MediaKind, Section, legal_mid};
use super::{MAX_CANDIDATES, MAX_SECTIONS, SetupError};

/// The peer's role in the DTLS handshake (RFC 8842).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Setup {
    ActPass,
    Active,
    Passive,
}

/// What an offer says, without anything that we never use.
#[derive(Debug, Clone)]
pub(in crate::webrtc) struct Offer {
    pub(in crate::webrtc) sections: Vec<Section>,
    /// The mids of the first BUNDLE group.
    pub(super) bundle: Option<Vec<String>>,
    pub(in crate::webrtc) ufrag: String,
    pub(in crate::webrtc) password: String,
    /// The SHA-256 of the peer's certificate as `AB:CD:...`.
    pub(super) fingerprint: String,
    pub(super) setup: Setup,
}

/// Where attributes of the transport are collected: they may stand at session or at media level.
#[derive(Default)]
struct Transport {
    ufrag: Option<String>,
    password: Option<String>,
    fingerprint: Option<String>,
    other_fingerprint: bool,
    setup: Option<Setup>,
    ice_lite: bool,
    candidates: usize,
}

impl Offer {
    /// Reads and checks an offer.
    ///
    /// # Errors
    /// [`SetupError`] with the line that is wrong.
    pub(in crate::webrtc) fn parse(text: &str) -> Result<Self, SetupError> {
        let mut sections: Vec<Section> = Vec::new();
        let mut bundle = None;
        let mut transport = Transport::default();
        let mut first = true;
        for line in lines(text)? {
            let line = line?;
            if std::mem::take(&mut first) && (line.kind, line.value.trim()) != (b'v', "0") {
                return Err(line.invalid("a session description begins with v=0"));
            }
            if line.kind == b'm' {
                if sections.len() >= MAX_SECTIONS {
                    return Err(line.invalid("more than 32 media sections"));
                }
                sections.push(Section::new(&line)?);
            }
            let Some((name, value)) = line.attribute() else { continue };
            if transport.read(&line, name, value)? {
                continue;
            }
            match sections.last_mut() {
                Some(section) => section.read_attribute(&line, name, value)?,
                None if name == "group" && bundle.is_none() => bundle = read_bundle(&line, value)?,
                None => {}
            }
        }
        if sections.is_empty() {
            return Err(SetupError::invalid(0, "no media section"));
        }
        transport.finish(sections, bundle)
    }

    /// The first section of a kind that may be used: in the BUNDLE group, with a mid and RTCP multiplexed.
    ///
    /// # Errors
    /// A section that would do but lacks what WebRTC demands.
    pub(in crate::webrtc) fn usable(
        &self,
        kind: MediaKind,
        wanted: impl Fn(&Section) -> bool,
    ) -> Result<Option<usize>, SetupError> {
        let Some(index) = self.sections.iter().position(|s| s.kind == kind && wanted(s)) else {
            return Ok(None);
        };
        let Some(section) = self.sections.get(index) else { return Ok(None) };
        let Some(mid) = &section.mid else {
            return Err(SetupError::invalid(section.line, "the section has no mid"));
        };
        if self.sections.iter().filter(|s| s.mid.as_ref() == Some(mid)).count() > 1 {
            return Err(SetupError::invalid(section.line, "its mid is used twice"));
        }
        if !section.rtcp_mux {
            return Err(SetupError::invalid(section.line, "rtcp-mux is required"));
        }
        match &self.bundle {
            Some(mids) if mids.contains(mid) => Ok(Some(index)),
            None if self.sections.len() == 1 => Ok(Some(index)),
            _ => Err(SetupError::invalid(section.line, "the section is not in the BUNDLE group")),
        }
    }
}

impl Transport {
    /// Reads an attribute of ICE or DTLS; `false` when it is none.
    fn read(&mut self, line: &Line<'_>, name: &str, value: &str) -> Result<bool, SetupError> {
        match name {
            "ice-ufrag" => {
                let legal = is_ice_string(value, 4..=256);
                self.ufrag.get_or_insert(legal.ok_or_else(|| line.invalid("illegal ICE user fragment"))?);
            }
            "ice-pwd" => {
                let legal = is_ice_string(value, 22..=256);
                self.password.get_or_insert(legal.ok_or_else(|| line.invalid("illegal ICE password"))?);
            }
            "fingerprint" => self.read_fingerprint(line, value)?,
            "setup" => {
                self.setup.get_or_insert(match value.trim() {
                    "actpass" => Setup::ActPass,
                    "active" => Setup::Active,
                    "passive" => Setup::Passive,
                    _ => return Err(line.invalid("unknown setup role")),
                });
            }
            "ice-lite" => self.ice_lite = true,
            // An ICE-lite agent sends no checks, so candidates are only counted: peers show their addresses by theirs.
            "candidate" => self.candidates = self.candidates.saturating_add(1).min(MAX_CANDIDATES),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn read_fingerprint(&mut self, line: &Line<'_>, value: &str) -> Result<(), SetupError> {
        let (hash, digest) = value.split_once(' ').ok_or_else(|| line.invalid("malformed fingerprint"))?;
        if !hash.eq_ignore_ascii_case("sha-256") {
            self.other_fingerprint = true;
            return Ok(());
        }
        let bytes: Vec<&str> = digest.trim().split(':').take(33).collect();
        let is_hex = |b: &&str| b.len() == 2 && b.bytes().all(|c| c.is_ascii_hexdigit());
        if bytes.len() != 32 || !bytes.iter().all(is_hex) {
            return Err(line.invalid("a SHA-256 fingerprint has 32 bytes"));
        }
        self.fingerprint.get_or_insert_with(|| digest.trim().to_ascii_uppercase());
        Ok(())
    }

    fn finish(self, sections: Vec<Section>, bundle: Option<Vec<String>>) -> Result<Offer, SetupError> {
        if self.ice_lite {
            return Err(SetupError::invalid(0, "the peer is ICE-lite, and so are we"));
        }
        let fingerprint = self.fingerprint.ok_or(SetupError::Insecure {
            line: 0,
            reason: if self.other_fingerprint { "the fingerprint must be SHA-256" } else { "no DTLS fingerprint" },
        })?;
        Ok(Offer {
            sections,
            bundle,
            ufrag: self.ufrag.ok_or(SetupError::invalid(0, "no ICE user fragment"))?,
            password: self.password.ok_or(SetupError::invalid(0, "no ICE password"))?,
            fingerprint,
            setup: self.setup.unwrap_or(Setup::ActPass),
        })
    }
}

/// `ice-char`s (RFC 8839 section 5.4) of a legal length. `-`, `_` and `=` are accepted too: some senders use the URL
/// alphabet of base64.
pub(super) fn is_ice_string(value: &str, length: std::ops::RangeInclusive<usize>) -> Option<String> {
    let value = value.trim();
    let legal = |b: u8| b.is_ascii_alphanumeric() || b"+/-_=".contains(&b);
    (length.contains(&value.len()) && value.bytes().all(legal)).then(|| value.to_owned())
}

fn read_bundle(line: &Line<'_>, value: &str) -> Result<Option<Vec<String>>, SetupError> {
    let mut words = value.split(' ').filter(|w| !w.is_empty());
    if words.next() != Some("BUNDLE") {
        return Ok(None);
    }
    let mids: Option<Vec<String>> = words.take(MAX_SECTIONS + 1).map(legal_mid).collect();
    mids.map(Some).ok_or_else(|| line.invalid("illegal mid"))
}
