use super::*;

fn avcc(nals: &[&[u8]]) -> Vec<u8> {
    let mut unit = Vec::new();
    for nal in nals {
        unit.extend_from_slice(&(nal.len() as u32).to_be_bytes());
        unit.extend_from_slice(nal);
    }
    unit
}

fn nal(header: u8, length: usize) -> Vec<u8> {
    let mut nal: Vec<u8> = (0..length).map(|i| (i % 251) as u8).collect();
    nal[0] = header;
    nal
}

#[test]
fn a_small_nal_is_a_single_nal_packet_with_the_marker() {
    let unit = avcc(&[&nal(0x41, 100)]);
    let out = Packetizer::default().packetize(&unit, 4, None).unwrap();
    assert_eq!(out.len(), 1);
    assert!(out[0].marker);
    assert_eq!(&out[0].payload[..], &nal(0x41, 100)[..]);
}

#[test]
fn fragments_are_equal_and_rebuild_the_nal() {
    let original = nal(0x65, 5_000);
    let out = Packetizer::default().packetize(&avcc(&[&original]), 4, None).unwrap();
    assert_eq!(out.len(), 5);
    let sizes: Vec<usize> = out.iter().map(|packet| packet.payload.len()).collect();
    assert!(sizes[..4].iter().all(|size| *size == sizes[0]) && sizes[4] <= sizes[0], "{sizes:?}");
    assert!(sizes[0] <= DEFAULT_MAX_PAYLOAD_SIZE);
    let mut rebuilt = vec![out[0].payload[0] & 0xe0 | out[0].payload[1] & 0x1f];
    for (index, packet) in out.iter().enumerate() {
        assert_eq!(packet.payload[0], 0x7c);
        assert_eq!(packet.payload[1] & 0x80 != 0, index == 0);
        assert_eq!(packet.payload[1] & 0x40 != 0, index == 4);
        assert_eq!(packet.marker, index == 4);
        rebuilt.extend_from_slice(&packet.payload[2..]);
    }
    assert_eq!(rebuilt, original);
}

#[test]
fn every_length_size_and_payload_size_rebuilds() {
    for length_size in 1..=4_usize {
        let original = nal(0x41, 200);
        let mut unit = (original.len() as u32).to_be_bytes()[4 - length_size..].to_vec();
        unit.extend_from_slice(&original);
        for max in [0, 64, 65, 100, 199, 200, 1_000] {
            let out =
                Packetizer::new(PacketizationMode::NonInterleaved, max).packetize(&unit, length_size, None).unwrap();
            assert!(out.iter().all(|packet| packet.payload.len() <= max.max(64)));
            let rebuilt: Vec<u8> = if out.len() == 1 {
                out[0].payload.to_vec()
            } else {
                std::iter::once(0x41).chain(out.iter().flat_map(|packet| packet.payload[2..].to_vec())).collect()
            };
            assert_eq!(rebuilt, original, "length size {length_size}, max {max}");
        }
    }
}

#[test]
fn parameter_sets_are_aggregated_first_and_never_fragmented() {
    let sps = [Bytes::from(nal(0x67, 20))];
    let pps = [Bytes::from(nal(0x68, 4))];
    let sets = InBandParameterSets { sps: &sps, pps: &pps };
    let out = Packetizer::default().packetize(&avcc(&[&nal(0x65, 3_000)]), 4, Some(sets)).unwrap();
    assert_eq!(out[0].payload[0], 0x78);
    assert_eq!(out[0].payload.len(), 1 + 2 + 20 + 2 + 4);
    assert!(!out[0].marker && out.last().unwrap().marker);
    assert_eq!(out[1].payload[1], 0x85);
}

#[test]
fn given_parameter_sets_replace_those_inside() {
    let sps = [Bytes::from(nal(0x67, 20))];
    let pps = [Bytes::from(nal(0x68, 4))];
    let unit = avcc(&[&nal(0x67, 30), &nal(0x68, 5), &nal(0x65, 10)]);
    let sets = InBandParameterSets { sps: &sps, pps: &pps };
    let out = Packetizer::default().packetize(&unit, 4, Some(sets)).unwrap();
    assert_eq!(out.iter().map(|packet| packet.payload.len()).collect::<Vec<_>>(), [29, 10]);
    let out = Packetizer::default().packetize(&unit, 4, None).unwrap();
    assert_eq!(out.iter().map(|packet| packet.payload.len()).collect::<Vec<_>>(), [40, 10]);
}

#[test]
fn delimiters_and_filler_are_dropped_and_sei_is_kept() {
    let unit = avcc(&[&nal(0x09, 2), &nal(0x06, 30), &nal(0x41, 40), &nal(0x0c, 500)]);
    let out = Packetizer::default().packetize(&unit, 4, None).unwrap();
    assert_eq!(out.iter().map(|packet| packet.payload[0]).collect::<Vec<_>>(), [0x06, 0x41]);
    assert!(out[1].marker);
    assert_eq!(Packetizer::default().packetize(&avcc(&[&nal(0x09, 2)]), 4, None).unwrap(), []);
}

#[test]
fn mode_0_neither_aggregates_nor_fragments() {
    let sps = [Bytes::from(nal(0x67, 20))];
    let pps = [Bytes::from(nal(0x68, 4))];
    let packetizer = Packetizer::new(PacketizationMode::SingleNal, 1_100);
    let sets = InBandParameterSets { sps: &sps, pps: &pps };
    let out = packetizer.packetize(&avcc(&[&nal(0x65, 3_000)]), 4, Some(sets)).unwrap();
    assert_eq!(out.iter().map(|packet| packet.payload.len()).collect::<Vec<_>>(), [20, 4, 3_000]);
    let error = packetizer.packetize(&avcc(&[&nal(0x65, 70_000)]), 4, None).unwrap_err();
    assert_eq!(error, PacketizeError::TooLarge { offset: 4, length: 70_000 });
}

#[test]
fn parameter_sets_beyond_a_packet_are_split_over_packets() {
    let sps = [Bytes::from(nal(0x67, 60)), Bytes::from(nal(0x67, 60)), Bytes::from(nal(0x67, 300))];
    let packetizer = Packetizer::new(PacketizationMode::NonInterleaved, 128);
    let sets = InBandParameterSets { sps: &sps, pps: &[] };
    let out = packetizer.packetize(&[], 4, Some(sets)).unwrap();
    assert_eq!(out[0].payload[0] & 0x1f, nal::STAP_A);
    assert_eq!(out.iter().map(|packet| packet.payload.len()).collect::<Vec<_>>(), [125, 102, 102, 101]);
}

#[test]
fn hostile_41_nal_lengths_past_the_end_zero_or_huge_are_errors() {
    let packetizer = Packetizer::default();
    let past = |offset, length, available| NalError::PastEnd { offset, length, available };
    let cases: [(&[u8], NalError); 5] = [
        (&[0, 0, 0, 5, 0x41], past(0, 5, 1)),
        (&[0, 0, 0, 0, 0x41], NalError::Empty { offset: 0 }),
        (&[0xff, 0xff, 0xff, 0xff, 0x41], past(0, 0xffff_ffff, 1)),
        (&[0, 0, 0, 1, 0x41, 0, 0], past(5, 0, 0)),
        (&[0, 0, 0], past(0, 0, 0)),
    ];
    for (unit, expected) in cases {
        assert_eq!(packetizer.packetize(unit, 4, None), Err(PacketizeError::Nal(expected)), "{unit:?}");
    }
}
