//! FLV tag bodies, which are RTMP's audio, video and data messages, to and from typed values; FLV file framing; no I/O.
//!
//! Both header forms are read: the legacy one (Adobe FLV 10.1 annex E) and enhanced RTMP (version 1 and 2) with FourCC
//! codes. Payloads are slices of the body, never copies.
#![forbid(unsafe_code)]

mod audio;
mod cursor;
mod error;
mod extended;
mod file;
pub mod four_cc;
mod header;
mod packet;
mod script;
mod video;

pub use audio::parse_audio;
pub use error::FlvError;
pub use file::{
    FILE_HEADER_LENGTH, FileTag, TAG_HEADER_LENGTH, TagKind, file_header, parse_file_header, parse_file_tag,
    previous_tag_size, tag_header,
};
pub use header::BodyHeader;
pub use packet::{Packet, ParsedBody};
pub use script::{ScriptData, parse_script};
pub use video::parse_video;
