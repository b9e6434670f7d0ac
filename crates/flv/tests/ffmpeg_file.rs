//! A file that FFmpeg wrote: every tag parses, and writing it again gives the same bytes.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed step fails the test")]

use bytes::Bytes;
use rtmp_gateway_flv::{
    FILE_HEADER_LENGTH, Packet, ScriptData, TAG_HEADER_LENGTH, TagKind, file_header, four_cc, parse_audio,
    parse_file_header, parse_file_tag, parse_script, parse_video, previous_tag_size, tag_header,
};
use rtmp_gateway_testkit::fixtures;

#[test]
fn every_tag_parses_and_is_written_back() {
    let file = Bytes::from_static(fixtures::BASELINE_AAC_FLV);
    let (audio, video) = parse_file_header(&file).unwrap();
    assert!(audio && video);
    let mut written = file_header(audio, video).to_vec();
    let mut rest = file.slice(FILE_HEADER_LENGTH..);
    let mut seen = [0; 3];
    while !rest.is_empty() {
        let tag = parse_file_tag(&rest).unwrap();
        let kind = tag.kind.unwrap();
        let end = TAG_HEADER_LENGTH + tag.length as usize;
        let body = rest.slice(TAG_HEADER_LENGTH..end);
        match kind {
            TagKind::Audio => {
                seen[0] += 1;
                let (Packet::Config { four_cc, .. } | Packet::Frame { four_cc, .. }) =
                    parse_audio(&body).unwrap().packet
                else {
                    panic!()
                };
                assert_eq!(four_cc, four_cc::AAC);
            }
            TagKind::Video => {
                seen[1] += 1;
                parse_video(&body).unwrap();
            }
            TagKind::Script => {
                seen[2] += 1;
                assert!(matches!(parse_script(&body), Ok(ScriptData::Metadata(_))));
            }
        }
        written.extend_from_slice(&tag_header(kind, tag.length, tag.timestamp));
        written.extend_from_slice(&body);
        written.extend_from_slice(&previous_tag_size(tag.length));
        rest = rest.slice(end + 4..);
    }
    assert_eq!(written, file);
    assert!(seen[0] > 40 && seen[1] == 27 && seen[2] == 1, "{seen:?}");
}
