//! A minute of 2.5 Mbit/s over a lossy path with resends, in virtual time: what leaves is what was sent, and enough of it.

mod common;
use bytes::Bytes;
use common::*;
use rtmp_gateway_media::h264::write_nal_unit;
use rtmp_gateway_rtp::MediaPacket;
use rtmp_gateway_rtp::h264::{InBandParameterSets, Packetizer};
use rtmp_gateway_rtp::jitter::JitterConfig;
use rtmp_gateway_testkit::{Link, LinkConfig, SeededRandom};
use std::time::{Duration, Instant};

const FRAMES: usize = 1_800;
const RTT: Duration = Duration::from_millis(50);
/// Resends asked for per packet: what the sender's NACK responder allows.
const TRIES: u32 = 5;
/// How long the encoder takes to answer a keyframe request, the way there included.
const KEYFRAME_ANSWER: Duration = Duration::from_millis(60);

struct Outcome {
    /// Share of the frames that left.
    share: f64,
    damaged: u64,
    longest: Duration,
}

/// One run: `loss` on the media path and on every resend.
fn run(loss: f64, jitter: Duration, seed: u64) -> Outcome {
    let mut random = SeededRandom::new(seed);
    let path = LinkConfig { delay: RTT / 2, jitter, duplicate: 0.01, ..LinkConfig::default() };
    let mut link = Link::new(path, seed);
    // Resends travel apart, so that each can be late by its own time.
    let mut resends: Vec<(Instant, MediaPacket)> = Vec::new();
    let mut scene = Scene::new(JitterConfig::default());
    let (sps, pps) = ([Bytes::from_static(SPS)], [Bytes::from_static(PPS)]);
    let mut sent: Vec<(Vec<u8>, Instant)> = Vec::new();
    let mut keyframe_due = Some(scene.now());
    let mut sequence_number = 65_000_u16;
    for frame in 0..FRAMES {
        let now = scene.now();
        let keyframe = keyframe_due.is_some_and(|due| due <= now);
        keyframe_due = keyframe_due.filter(|_| !keyframe);
        let mut nal = random.bytes(if keyframe { 30_000 } else { 9_000 });
        (nal[0], nal[1]) = (if keyframe { 0x65 } else { 0x41 }, 0x88);
        let mut unit = Vec::new();
        write_nal_unit(&mut unit, &nal);
        let sets = keyframe.then_some(InBandParameterSets { sps: &sps, pps: &pps });
        for payload in Packetizer::default().packetize(&unit, 4, sets).expect("a good unit") {
            let timestamp = (frame as u32).wrapping_mul(FRAME_TICKS);
            let payload_bytes = Bytes::copy_from_slice(&payload.payload);
            let packet = MediaPacket { sequence_number, timestamp, marker: payload.marker, payload: payload_bytes };
            sequence_number = sequence_number.wrapping_add(1);
            let tries = (0..=TRIES).find(|_| !random.chance(loss));
            match tries {
                Some(0) => link.send(now, packet),
                Some(tries) => resends.push((now + RTT / 2 + (RTT + ms(5)) * tries, packet)),
                None => {}
            }
        }
        sent.push((unit, now));
        // Everything that happens until the next frame is sent; behind the last one, all that is under way.
        let end = now + if frame + 1 == FRAMES { ms(1_000) } else { FRAME_TIME };
        loop {
            let resend = resends.iter().map(|(due, _)| *due).min();
            let due = [link.next_arrival(), resend, scene.buffer.poll_timeout()].into_iter().flatten().min();
            let Some(due) = due.filter(|due| *due <= end) else { break };
            scene.clock.advance_to(due);
            let now = scene.now();
            while let Some(packet) = link.receive(now) {
                scene.buffer.handle_packet(now, packet);
            }
            for (_, packet) in resends.extract_if(.., |(due, _)| *due <= now) {
                scene.buffer.handle_packet(now, packet);
            }
            scene.poll();
            if scene.buffer.poll_keyframe_request(now) {
                keyframe_due.get_or_insert(now + KEYFRAME_ANSWER);
            }
        }
        scene.clock.advance_to(end);
    }
    check(&scene, &sent)
}

/// Every frame is one that was sent, in order, and depends only on frames that left.
fn check(scene: &Scene, sent: &[(Vec<u8>, Instant)]) -> Outcome {
    let numbers = scene.numbers();
    let mut previous = None;
    let mut longest = Duration::ZERO;
    for (frame, number) in scene.frames.iter().zip(&numbers) {
        let number = *number as usize;
        let (unit, sent_at) = &sent[number];
        assert!(frame.payload == unit[..], "frame {number} is not what was sent");
        assert!(previous.is_none_or(|previous| number > previous), "frame {number} behind {previous:?}");
        assert!(frame.keyframe || previous == Some(number - 1), "frame {number} behind {previous:?}");
        previous = Some(number);
        longest = longest.max(frame.last_arrival - *sent_at);
    }
    let statistics = scene.buffer.statistics();
    assert_eq!(statistics.cut_short, 0);
    Outcome { share: numbers.len() as f64 / sent.len() as f64, damaged: statistics.damaged, longest }
}

#[test]
fn shares_of_frames_reach_the_goals() {
    for (loss, goal) in [(0.0, 1.0), (0.05, 0.999), (0.10, 0.995), (0.20, 0.97)] {
        let mut share = 0.0;
        for seed in 1..=3 {
            let outcome = run(loss, ms(4), seed);
            share += outcome.share / 3.0;
            println!(
                "loss {loss} seed {seed}: {:.4}, {} damaged, {:?}",
                outcome.share, outcome.damaged, outcome.longest
            );
        }
        assert!(share >= goal, "{share} of the frames left at a loss of {loss}, {goal} is the goal");
    }
}

#[test]
fn a_path_that_reorders_within_the_budget_loses_nothing() {
    let outcome = run(0.0, ms(40), 9);
    assert!(outcome.share == 1.0 && outcome.damaged == 0, "{} damaged", outcome.damaged);
}
