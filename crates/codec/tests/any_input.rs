//! Any sequence of units: no panic, bounded output, times that only go forward unless the source restarted.

mod support;

use bytes::Bytes;
use proptest::prelude::*;
use rtmp_gateway_codec::{AacToOpus, OpusToAac, TranscodeSettings};
use rtmp_gateway_media::{AacConfig, CodecConfig, OpusConfig, Unit};
use std::sync::Arc;

fn config() -> impl Strategy<Value = Arc<CodecConfig>> {
    prop_oneof![
        (prop::sample::select(vec![8_000_u32, 16_000, 24_000, 44_100, 48_000, 96_000]), 1_u8..=6)
            .prop_map(|(rate, channels)| CodecConfig::Aac(AacConfig::lc(rate, channels).expect("valid"))),
        // Any well-formed configuration: object types 1 to 5 and 29, every rate, layout, flag, and a tail.
        (prop::sample::select(vec![1_u8, 2, 3, 4, 5, 29]), 0..=12_u8, 1..=7_u8, prop::array::uniform6(any::<u8>()))
            .prop_map(|(object, rate, layout, tail)| {
                let mut record = vec![object << 3 | rate >> 1, rate << 7 | layout << 3 | tail[0] & 7];
                record.extend_from_slice(&tail[1..]);
                let plain = || AacConfig::lc(48_000, 2).expect("valid");
                CodecConfig::Aac(AacConfig::parse(Bytes::from(record)).unwrap_or_else(|_| plain()))
            },),
        (1_u8..=2).prop_map(|channels| CodecConfig::Opus(OpusConfig { channels, pre_skip: 312 })),
    ]
    .prop_map(Arc::new)
}

fn payload() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(vec![0, 0, 0, 7]),
        Just(vec![0x21, 0, 0, 0, 0, 0x1c]),
        prop::collection::vec(any::<u8>(), 0..200),
        // Opus: any table of contents with a few bytes.
        (any::<u8>(), prop::collection::vec(any::<u8>(), 0..40)).prop_map(|(toc, mut rest)| {
            rest.insert(0, toc);
            rest
        }),
    ]
}

fn units() -> impl Strategy<Value = Vec<Unit>> {
    let unit =
        (config(), payload(), prop_oneof![Just(21_i64), -50..2_000_i64, -(1_i64 << 45)..1_i64 << 45], any::<bool>());
    prop::collection::vec(unit, 1..24).prop_map(|parts| {
        let mut time = 0_i64;
        let mut current: Option<Arc<CodecConfig>> = None;
        parts
            .into_iter()
            .map(|(config, payload, step, change)| {
                time = time.wrapping_add(step);
                if change {
                    current = None;
                }
                let config = current.get_or_insert(config);
                support::unit(&payload, time, if step % 3 == 0 { 48_000 } else { 1_000 }, config)
            })
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn aac_to_opus(units in units()) {
        let mut transcoder = AacToOpus::new(TranscodeSettings::default());
        let mut last = i64::MIN;
        let mut backwards = 0;
        for unit in &units {
            let _ = transcoder.push(unit);
            for unit in std::iter::from_fn(|| transcoder.poll()) {
                backwards += u64::from(unit.pts.ticks() <= last);
                last = unit.pts.ticks();
            }
        }
        prop_assert!(backwards <= transcoder.stats().restarts);
        let _ = transcoder.flush();
        prop_assert!(transcoder.stats().units_out < 40 * 60 * 16);
    }

    #[test]
    fn opus_to_aac(units in units()) {
        let mut transcoder = OpusToAac::new(TranscodeSettings::default());
        let mut last = i64::MIN;
        let mut backwards = 0;
        for unit in &units {
            let _ = transcoder.push(unit);
            let _ = transcoder.fill_until(unit.pts);
            for unit in std::iter::from_fn(|| transcoder.poll()) {
                backwards += u64::from(unit.pts.ticks() <= last);
                last = unit.pts.ticks();
            }
        }
        prop_assert!(backwards <= transcoder.stats().restarts);
        let _ = transcoder.flush();
        prop_assert!(transcoder.stats().units_out < 40 * 120);
    }
}
