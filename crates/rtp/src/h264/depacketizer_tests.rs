use super::super::{InBandParameterSets, PacketizationMode, Packetizer};
use super::*;
use proptest::prelude::*;
use rtmp_gateway_media::h264::nal_units;

const SPS: &[u8] = &[0x67, 0x42, 0xc0, 0x1f, 0x80, 1];
const PPS: &[u8] = &[0x68, 0x80, 1];

fn join(payloads: &[&[u8]]) -> Result<Option<AccessUnit>, DepacketizeError> {
    let mut depacketizer = Depacketizer::new();
    let pushed = payloads.iter().try_for_each(|payload| depacketizer.push(payload));
    let finished = depacketizer.finish();
    if let Err(error) = pushed {
        assert_eq!(finished, Err(error));
    }
    finished
}

fn nals(unit: &AccessUnit) -> Vec<Vec<u8>> {
    nal_units(&unit.payload, 4).map(|nal| nal.unwrap().bytes.to_vec()).collect()
}

#[test]
fn all_three_packet_types_are_joined() {
    let unit = join(&[
        &[0x78, 0, 6, 0x67, 0x42, 0xc0, 0x1f, 0x80, 1, 0, 3, 0x68, 0x80, 1],
        &[0x06, 5, 1],
        &[0x7c, 0x85, 0x88, 1],
        &[0x7c, 0x05, 2],
        &[0x7c, 0x45, 3],
        &[0x65, 0x22],
    ]);
    let unit = unit.unwrap().unwrap();
    assert_eq!(nals(&unit), [&[0x06, 5, 1][..], &[0x65, 0x88, 1, 2, 3], &[0x65, 0x22]]);
    assert!(unit.keyframe);
    let sets = unit.parameter_sets.unwrap();
    assert_eq!(sets.sps, [SPS]);
    assert_eq!(sets.pps, [PPS]);
}

#[test]
fn delimiters_filler_and_parameter_sets_leave_the_payload_fragmented_or_not() {
    let unit = join(&[
        &[0x09, 0xf0],
        &[0x7c, 0x87, 0x42, 0xc0],
        &[0x7c, 0x47, 0x1f, 0x80, 1],
        PPS,
        &[0x41, 0x9a],
        &[0x1c, 0x8c, 0xff],
        &[0x1c, 0x4c, 0xff],
    ]);
    let unit = unit.unwrap().unwrap();
    assert_eq!(nals(&unit), [[0x41, 0x9a]]);
    assert!(!unit.keyframe);
    assert_eq!(unit.parameter_sets.unwrap().sps, [SPS]);
}

#[test]
fn parameter_sets_alone_are_no_picture_but_stay_known() {
    let mut depacketizer = Depacketizer::new();
    depacketizer.push(SPS).unwrap();
    depacketizer.push(PPS).unwrap();
    assert_eq!(depacketizer.finish(), Ok(None));
    depacketizer.push(&[0x65, 0x88]).unwrap();
    assert!(depacketizer.finish().unwrap().unwrap().parameter_sets.is_some());
}

#[test]
fn hostile_68_fragments_out_of_their_nal_unit_are_damage() {
    assert_eq!(join(&[&[0x7c, 0x05, 2]]), Err(DepacketizeError::FragmentWithoutStart(5)));
    assert_eq!(join(&[&[0x7c, 0x45, 2]]), Err(DepacketizeError::FragmentWithoutStart(5)));
    assert_eq!(join(&[&[0x7c, 0x85, 2]]), Err(DepacketizeError::FragmentWithoutEnd(5)));
    assert_eq!(join(&[&[0x7c, 0x85, 2], &[0x7c, 0x85, 2]]), Err(DepacketizeError::FragmentWithoutEnd(5)));
    assert_eq!(join(&[&[0x7c, 0x85, 2], &[0x41, 0x9a]]), Err(DepacketizeError::FragmentWithoutEnd(5)));
    let other = DepacketizeError::FragmentOfOtherNal { expected: 5, found: 1 };
    assert_eq!(join(&[&[0x7c, 0x85, 2], &[0x7c, 0x41, 2]]), Err(other));
}

#[test]
fn damage_ends_with_its_access_unit() {
    let mut depacketizer = Depacketizer::new();
    depacketizer.push(SPS).unwrap();
    assert!(depacketizer.push(&[0x1f]).is_err());
    assert!(depacketizer.push(PPS).is_err());
    assert!(depacketizer.finish().is_err());
    assert_eq!(depacketizer.parameter_sets(), None);
    depacketizer.push(&[0x41, 0x9a]).unwrap();
    assert_eq!(nals(&depacketizer.finish().unwrap().unwrap()), [[0x41, 0x9a]]);
}

#[test]
fn hostile_68_a_frame_without_end_is_bounded() {
    let mut depacketizer = Depacketizer::new();
    depacketizer.push(&[0x7c, 0x85, 0x88]).unwrap();
    let mut body = vec![0; 60_000];
    (body[0], body[1]) = (0x7c, 0x05);
    let error = (0..1_000).find_map(|_| depacketizer.push(&body).err());
    assert_eq!(error, Some(DepacketizeError::TooLarge));
}

#[test]
fn parameter_sets_of_the_session_description_serve() {
    let mut depacketizer = Depacketizer::new();
    let (sps, pps) = ([Bytes::from_static(SPS)], [Bytes::from_static(PPS)]);
    assert!(depacketizer.set_parameter_sets(&sps, &[Bytes::new()]).is_err());
    assert_eq!(depacketizer.parameter_sets(), None);
    depacketizer.set_parameter_sets(&sps, &pps).unwrap();
    depacketizer.push(&[0x65, 0x88]).unwrap();
    assert_eq!(depacketizer.finish().unwrap().unwrap().parameter_sets.unwrap().sps, sps);
}

fn arbitrary_nal() -> impl Strategy<Value = Vec<u8>> {
    (prop_oneof![Just(0x41_u8), Just(0x65), Just(0x06), Just(0x21)], prop::collection::vec(any::<u8>(), 0..600))
        .prop_map(|(header, mut body)| {
            body.insert(0, header);
            body
        })
}

proptest! {
    #[test]
    fn what_is_packetized_is_joined_again(
        units in prop::collection::vec(arbitrary_nal(), 1..5),
        max_payload_size in 64..300_usize,
        single in any::<bool>(),
    ) {
        let mut payload = Vec::new();
        units.iter().for_each(|nal| write_nal_unit(&mut payload, nal));
        let mode = if single { PacketizationMode::SingleNal } else { PacketizationMode::NonInterleaved };
        let (sps, pps) = ([Bytes::from_static(SPS)], [Bytes::from_static(PPS)]);
        let sets = InBandParameterSets { sps: &sps, pps: &pps };
        let packets = Packetizer::new(mode, max_payload_size).packetize(&payload, 4, Some(sets)).unwrap();
        let payloads: Vec<&[u8]> = packets.iter().map(|packet| &packet.payload[..]).collect();
        let has_slice = units.iter().any(|nal| nal[0] != 0x06);
        let unit = join(&payloads).unwrap();
        prop_assert_eq!(unit.is_some(), has_slice);
        if let Some(unit) = unit {
            prop_assert_eq!(&unit.payload[..], &payload[..]);
            prop_assert_eq!(unit.keyframe, units.iter().any(|nal| nal[0] == 0x65));
            prop_assert_eq!(&unit.parameter_sets.unwrap().pps, &pps);
        }
    }
}
