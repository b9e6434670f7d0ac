//! Broken Opus: cut, flipped and random packets, floods, jumps. Each is counted and concealed; time goes on.
#![cfg(feature = "fdk")]

mod support;

use bytes::Bytes;
use rtmp_gateway_codec::{CodecError, OpusDecoder, OpusPacketInfo, OpusPolicy, OpusToAac, TranscodeSettings};
use rtmp_gateway_media::{AacConfig, CodecConfig, MediaTime, OpusConfig, Unit};
use std::sync::Arc;
use support::{decode_aac, encode_opus, rms, to_aac, tone, unit};

fn source() -> Vec<Unit> {
    encode_opus(OpusPolicy::default().encoder_settings(1), &tone(440.0, 0.5, 96_000, 1), 312)
}

fn opus(channels: u8) -> Arc<CodecConfig> {
    Arc::new(CodecConfig::Opus(OpusConfig { channels, pre_skip: 0 }))
}

#[test]
fn cut_flipped_and_random_packets_never_panic() {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move |bound: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % bound.max(1) as u64) as usize
    };
    let units = source();
    for channels in [1, 2] {
        let mut decoder = OpusDecoder::new(channels).expect("opens");
        for _ in 0..3_000 {
            let mut packet = units[random(units.len())].payload.to_vec();
            packet.truncate(random(packet.len() + 1));
            for _ in 0..random(8) {
                let at = random(packet.len());
                if let Some(byte) = packet.get_mut(at) {
                    *byte ^= 1 << random(8);
                }
            }
            if random(3) == 0 {
                packet = (0..random(60)).map(|_| random(256) as u8).collect();
            }
            let mut pcm = Vec::new();
            let _ = OpusDecoder::has_fec(&packet);
            let _ = decoder.decode_fec(&packet, random(6_000), &mut pcm);
            pcm.clear();
            match decoder.decode(&packet, &mut pcm) {
                Ok(frames) => {
                    assert_eq!(OpusPacketInfo::parse(&packet).map(|info| info.duration), Some(frames));
                    assert_eq!(pcm.len(), frames * usize::from(channels));
                }
                Err(error) => assert!(matches!(error, CodecError::Decode { codec: "Opus", .. })),
            }
            assert!(pcm.iter().all(|sample| sample.is_finite()));
        }
    }
}

#[test]
fn a_broken_packet_is_concealed_and_time_goes_on() {
    let mut units = source();
    let whole = to_aac(&mut OpusToAac::new(TranscodeSettings::default()), &units);
    // Empty; a code 3 packet without frames; a hybrid packet whose lengths do not add up.
    units[20].payload = Bytes::new();
    units[40].payload = Bytes::from_static(&[0xff, 0x00]);
    units[60].payload = Bytes::from_static(&[0xfa, 0xff, 0xff]);
    let mut transcoder = OpusToAac::new(TranscodeSettings::default());
    let output = to_aac(&mut transcoder, &units);
    let stats = transcoder.stats();
    assert_eq!(stats.decode_errors, 3, "{stats:?}");
    assert_eq!(stats.concealed_samples, 3 * 960);
    assert_eq!(stats.restarts, 0);
    assert_eq!(output.len(), whole.len());
    assert!(rms(&decode_aac(&output).samples) > 0.25);
}

#[test]
fn late_and_doubled_packets_are_dropped() {
    let units = source();
    let whole = to_aac(&mut OpusToAac::new(TranscodeSettings::default()), &units);
    let doubled: Vec<Unit> = units.iter().flat_map(|unit| [unit.clone(), unit.clone()]).collect();
    let mut transcoder = OpusToAac::new(TranscodeSettings::default());
    let output = to_aac(&mut transcoder, &doubled);
    assert_eq!(transcoder.stats().dropped_samples, units.len() as u64 * 960);
    assert_eq!(output.len(), whole.len());
    assert!(output.iter().zip(&whole).all(|(a, b)| a.payload == b.payload));
}

#[test]
fn every_packet_duration_is_taken_and_gaps_in_time_are_filled() {
    let mut transcoder = OpusToAac::new(TranscodeSettings::default());
    let config = opus(2);
    let mut time = 0;
    // CELT 2.5, 5, 10, 20 ms; SILK 40 and 60 ms; six frames of 20 ms. Nearly empty packets are valid.
    for packet in [&[16 << 3, 0][..], &[17 << 3, 0], &[18 << 3, 0], &[19 << 3, 0], &[2 << 3], &[3 << 3], &[0xfb, 6]] {
        transcoder.push(&unit(packet, time, 48_000, &config)).expect("accepted");
        time += OpusPacketInfo::parse(packet).expect("valid").duration as i64;
    }
    assert_eq!(transcoder.stats().gaps, 0);
    transcoder.push(&unit(&[19 << 3, 0], time + 24_000, 48_000, &config)).expect("accepted");
    let stats = transcoder.stats();
    assert_eq!((stats.gaps, stats.concealed_samples, stats.restarts), (1, 24_000, 0));
    transcoder.flush().expect("flushes");
    let output: Vec<Unit> = std::iter::from_fn(|| transcoder.poll()).collect();
    let spoken = time + 24_000 + 960;
    assert_eq!(output[0].pts.ticks(), -1_600);
    let end = output[0].pts.ticks() + output.len() as i64 * 1_024;
    assert!((spoken..spoken + 3 * 1_024).contains(&end), "{end} after {spoken}");
}

#[test]
fn a_silent_source_is_filled_on_demand() {
    let units = source();
    let mut transcoder = OpusToAac::new(TranscodeSettings::default());
    transcoder.fill_until(MediaTime::from_millis(500)).expect("nothing to fill before the first unit");
    for unit in &units[..10] {
        transcoder.push(unit).expect("accepted");
    }
    // Ten seconds of nothing, told every 100 ms.
    for tick in 3..=100 {
        transcoder.fill_until(MediaTime::from_millis(tick * 100)).expect("fills");
    }
    transcoder.fill_until(MediaTime::from_millis(50)).expect("the past is no gap");
    let output: Vec<Unit> = std::iter::from_fn(|| transcoder.poll()).collect();
    let end = output.last().expect("units").pts.ticks() + 1_024;
    assert!(end > 10 * 48_000 - 1_600 - 1_024, "{end}");
    for pair in output.windows(2) {
        assert_eq!(pair[1].pts.ticks() - pair[0].pts.ticks(), 1_024);
    }
    // A unit of the filled stretch comes too late, one behind it is used.
    let late = unit(&units[20].payload, 470_400, 48_000, &units[20].config);
    transcoder.push(&late).expect("accepted");
    assert_eq!(transcoder.stats().dropped_samples, 960);
    let next = unit(&units[20].payload, 480_000, 48_000, &units[20].config);
    transcoder.push(&next).expect("accepted");
    assert_eq!(transcoder.stats().dropped_samples, 960);
    assert_eq!(transcoder.stats().restarts, 0);
}

#[test]
fn hostile_19_timestamps_that_jump_restart_the_time_line() {
    let units = source();
    let mut transcoder = OpusToAac::new(TranscodeSettings::default());
    let mut made = 0;
    let jumps = [0_i64, 1 << 33, 1 << 20, i64::from(u32::MAX), -(1 << 40), i64::MAX, i64::MIN];
    for jump in jumps {
        for index in 0..10 {
            let unit = unit(&units[index as usize].payload, jump.saturating_add(index * 960), 48_000, &units[0].config);
            transcoder.push(&unit).expect("accepted");
            made += std::iter::from_fn(|| transcoder.poll()).count();
        }
    }
    assert!(transcoder.stats().restarts >= 5);
    assert!(made <= jumps.len() * 11, "{made}");
}

#[test]
fn a_unit_of_another_codec_is_an_error() {
    let config = Arc::new(CodecConfig::Aac(AacConfig::lc(48_000, 2).expect("valid")));
    let result = OpusToAac::new(TranscodeSettings::default()).push(&unit(&[0x21], 0, 48_000, &config));
    assert!(matches!(result, Err(CodecError::WrongCodec { expected: "Opus", .. })));
}
