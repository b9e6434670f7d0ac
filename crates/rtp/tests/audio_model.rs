//! The audio jitter buffer against a model that knows the whole run: every packet that arrived leaves in order, every hole
//! is reported once.

use bytes::Bytes;
use proptest::prelude::*;
use rtmp_gateway_rtp::MediaPacket;
use rtmp_gateway_rtp::jitter::{AudioEvent, AudioJitterBuffer, JitterConfig};
use rtmp_gateway_testkit::FakeClock;
use std::time::Duration;

const SAMPLES: u32 = 960;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Expected {
    Packet { timestamp: i64, number: u8 },
    Lost { timestamp: i64, samples: u32, packets: u32 },
}

/// By packet: lost, twice, arrival order, silent packets' worth of time behind it.
type Fate = (bool, bool, u16, u32);

fn model(fates: &[Fate], first_timestamp: u32) -> Vec<Expected> {
    let mut out = Vec::new();
    let (mut timestamp, mut end, mut missing) = (i64::from(first_timestamp), i64::from(first_timestamp), 0_u32);
    for (number, (lost, _, _, silence)) in fates.iter().enumerate() {
        if *lost {
            missing += 1;
        } else {
            if missing > 0 {
                let gap = (timestamp - end) as u32;
                // Above 120 ms a packet the hole must hold silence.
                let samples = if gap > missing * 5_760 { missing * SAMPLES } else { gap };
                out.push(Expected::Lost { timestamp: end, samples, packets: missing });
            }
            out.push(Expected::Packet { timestamp, number: number as u8 });
            end = timestamp + i64::from(SAMPLES);
            missing = 0;
        }
        timestamp += i64::from(SAMPLES * (1 + silence));
    }
    out
}

proptest! {
    #[test]
    fn exactly_the_events_of_the_model_leave(
        fates in prop::collection::vec(
            (prop::bool::weighted(0.2), prop::bool::weighted(0.1), any::<u16>(), prop_oneof![4 => Just(0_u32), 1 => 0..40_u32]),
            1..60,
        ),
        first_sequence in any::<u16>(),
        first_timestamp in any::<u32>(),
    ) {
        let mut fates = fates;
        // The first packet arrives first: the stream starts there.
        (fates[0].0, fates[0].2) = (false, 0);
        let mut timestamp = first_timestamp;
        let mut arrivals = Vec::new();
        for (number, (lost, twice, order, silence)) in fates.iter().enumerate() {
            let packet = MediaPacket {
                sequence_number: first_sequence.wrapping_add(number as u16),
                timestamp,
                marker: false,
                payload: Bytes::from(vec![0xf8, number as u8, 1, 2]),
            };
            timestamp = timestamp.wrapping_add(SAMPLES * (1 + silence));
            (0..u8::from(!lost) * (1 + u8::from(*twice))).for_each(|_| arrivals.push((*order, packet.clone())));
        }
        arrivals.sort_by_key(|(order, _)| *order);
        let step = Duration::from_millis(200) / arrivals.len() as u32;
        let mut clock = FakeClock::new();
        let mut buffer = AudioJitterBuffer::new(JitterConfig::default());
        let mut events = Vec::new();
        for (_, packet) in arrivals {
            buffer.handle_packet(clock.now(), packet);
            events.extend(std::iter::from_fn(|| buffer.poll_audio(clock.now())));
            clock.advance(step);
        }
        while let Some(due) = buffer.poll_timeout() {
            clock.advance_to(due);
            events.extend(std::iter::from_fn(|| buffer.poll_audio(clock.now())));
        }
        let events: Vec<Expected> = events
            .into_iter()
            .map(|event| match event {
                AudioEvent::Packet(packet) => Expected::Packet { timestamp: packet.timestamp, number: packet.payload[1] },
                AudioEvent::Lost(loss) => {
                    Expected::Lost { timestamp: loss.timestamp, samples: loss.samples, packets: loss.packets }
                }
            })
            .collect();
        prop_assert_eq!(events, model(&fates, first_timestamp));
    }
}
