//! Seeded mutation of real packets: whatever arrives, nothing panics, everything stays bounded and recovers.

mod common;
use bytes::Bytes;
use common::*;
use rtmp_gateway_media::h264::nal_units;
use rtmp_gateway_rtp::h264::{Depacketizer, Packetizer};
use rtmp_gateway_rtp::jitter::{AudioEvent, AudioJitterBuffer, JitterConfig};
use rtmp_gateway_rtp::opus::PacketInfo;
use rtmp_gateway_rtp::{MediaPacket, RtpHeader, RtpPacket};
use rtmp_gateway_testkit::{FakeClock, SeededRandom};

const ROUNDS: usize = 20_000;

/// Flips, cuts, grows or replaces bytes.
fn mutate(random: &mut SeededRandom, bytes: &mut Vec<u8>) {
    for _ in 0..=random.below(3) {
        let at = random.below(bytes.len() as u64 + 1) as usize;
        match random.below(6) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, random.next_u64() as u8),
            2 => bytes.extend(random.bytes(3)),
            3 => bytes.clear(),
            _ => {
                let interesting = [0, 1, 0x7f, 0x80, 0xff, random.next_u64() as u8];
                let value = interesting[random.below(6) as usize];
                bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte = value);
            }
        }
    }
}

fn frame(random: &mut SeededRandom, keyframe: bool) -> Vec<Bytes> {
    let mut unit = Vec::new();
    for _ in 0..=random.below(2) {
        let length = 2 + random.below(300) as usize;
        let mut nal = random.bytes(length);
        (nal[0], nal[1]) = (if keyframe { 0x65 } else { 0x41 }, 0x88);
        rtmp_gateway_media::h264::write_nal_unit(&mut unit, &nal);
    }
    let mut payloads: Vec<Bytes> = if keyframe { vec![Bytes::from_static(SPS_PPS)] } else { Vec::new() };
    let packetizer = Packetizer::new(Default::default(), 100);
    let packets = packetizer.packetize(&unit, 4, None).expect("a good unit");
    payloads.extend(packets.iter().map(|packet| Bytes::copy_from_slice(&packet.payload)));
    payloads
}

#[test]
fn packets_parse_or_fail_and_what_parses_is_written_again() {
    let mut random = SeededRandom::new(1);
    for _ in 0..ROUNDS {
        let header = RtpHeader { csrc: vec![7; random.below(16) as usize], ..RtpHeader::default() };
        let padding = random.below(40) as u8;
        let packet = RtpPacket { header, payload: Bytes::from(random.bytes(30)), padding };
        let mut bytes = Vec::new();
        packet.write(&mut bytes).unwrap();
        mutate(&mut random, &mut bytes);
        if let Ok(read) = RtpPacket::parse(Bytes::from(bytes)) {
            if let Some(extension) = &read.header.extension {
                assert!(extension.elements().count() <= extension.data.len() + 1);
            }
            let mut again = Vec::new();
            read.write(&mut again).unwrap();
            assert_eq!(RtpPacket::parse(Bytes::from(again)).unwrap(), read);
        }
    }
}

#[test]
fn the_depacketizer_gives_well_formed_units_or_errors_and_recovers() {
    let mut random = SeededRandom::new(2);
    let mut depacketizer = Depacketizer::new();
    for round in 0..ROUNDS / 4 {
        for payload in frame(&mut random, round % 4 == 0) {
            let mut payload = payload.to_vec();
            if random.chance(0.2) {
                mutate(&mut random, &mut payload);
            }
            let _ = depacketizer.push(&payload);
        }
        if let Ok(Some(unit)) = depacketizer.finish() {
            assert!(nal_units(&unit.payload, 4).all(|nal| nal.is_ok()), "round {round}");
        }
        depacketizer.push(P).unwrap();
        assert!(depacketizer.finish().unwrap().is_some());
    }
}

#[test]
fn the_video_buffer_gives_well_formed_units_and_recovers() {
    let mut random = SeededRandom::new(3);
    let mut scene = Scene::default();
    for round in 0..ROUNDS / 8 {
        for payload in frame(&mut random, round % 5 == 0) {
            let mut payload = payload.to_vec();
            let (mut sequence_number, mut timestamp, mut marker) = (scene.sequence, scene.timestamp, false);
            if random.chance(0.1) {
                mutate(&mut random, &mut payload);
            }
            if random.chance(0.05) {
                match random.below(4) {
                    0 => sequence_number = random.next_u64() as u16,
                    1 => timestamp = random.next_u64() as u32,
                    2 => marker = true,
                    _ => sequence_number = sequence_number.wrapping_sub(random.below(9) as u16),
                }
            }
            if !random.chance(0.02) {
                scene.arrive(sequence_number, timestamp, marker, &payload);
            }
            scene.sequence = scene.sequence.wrapping_add(1);
        }
        scene.next_frame();
        scene.wait(ms(random.below(40)));
    }
    let well_formed = |payload: &[u8]| nal_units(payload, 4).all(|nal| nal.is_ok());
    assert!(scene.frames.iter().all(|frame| well_formed(&frame.payload)));
    assert!(scene.frames.len() > 100, "{} frames left", scene.frames.len());
    // Whatever state it is in, two good frames of a new sequence are understood.
    scene.wait(ms(1_000));
    let before = scene.frames.len();
    scene.sequence = scene.sequence.wrapping_add(20_000);
    scene.frame(&[SPS_PPS, IDR]);
    scene.frame(&[P]);
    assert!(scene.frames.len() > before);
}

#[test]
fn the_audio_buffer_gives_valid_packets() {
    let mut random = SeededRandom::new(4);
    let mut clock = FakeClock::new();
    let mut buffer = AudioJitterBuffer::new(JitterConfig { retransmission: false, ..JitterConfig::default() });
    let (mut packets, mut lost) = (0, 0);
    for round in 0..ROUNDS {
        let mut payload = vec![0xf8, 1, 2, 3];
        let (mut sequence_number, mut timestamp) = (round as u16, round as u32 * 960);
        if random.chance(0.1) {
            mutate(&mut random, &mut payload);
        }
        if random.chance(0.002) {
            sequence_number = random.next_u64() as u16;
        }
        if random.chance(0.002) {
            timestamp = random.next_u64() as u32;
        }
        let payload = Bytes::from(payload);
        buffer.handle_packet(clock.now(), MediaPacket { sequence_number, timestamp, marker: false, payload });
        clock.advance(ms(random.below(40)));
        while let Some(event) = buffer.poll_audio(clock.now()) {
            match event {
                AudioEvent::Packet(packet) => {
                    assert!(PacketInfo::parse(&packet.payload).is_ok());
                    packets += 1;
                }
                AudioEvent::Lost(loss) => {
                    assert!(loss.packets > 0);
                    lost += loss.packets;
                }
            }
        }
    }
    assert!(packets > ROUNDS * 7 / 10, "{packets} packets, {lost} lost");
}
