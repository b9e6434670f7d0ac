//! The video jitter buffer against a model that knows the whole run: exactly the frames that may leave do, in order.

mod common;
use common::*;
use proptest::prelude::*;

/// What is sent: frames of so many packets, some of them keyframes.
#[derive(Debug, Clone)]
struct Sent {
    /// Packets in the frame, and whether it is a keyframe (which has its parameter sets in the first packet).
    frames: Vec<(usize, bool)>,
    /// By packet: whether it is lost, whether it arrives twice, and a key that orders arrivals.
    fates: Vec<(bool, bool, u16)>,
    first_sequence: u16,
    first_timestamp: u32,
}

fn sent() -> impl Strategy<Value = Sent> {
    let frames = prop::collection::vec((1..6_usize, prop::bool::weighted(0.2)), 1..25);
    (frames, any::<u16>(), any::<u32>(), 0.0..0.3_f64).prop_flat_map(
        |(mut frames, first_sequence, first_timestamp, loss)| {
            frames[0] = (2, true);
            let packets = frames.iter().map(|(packets, _)| packets).sum::<usize>();
            let fate = (prop::bool::weighted(loss), prop::bool::weighted(0.1), any::<u16>());
            let fates = prop::collection::vec(fate, packets);
            (Just(frames), fates).prop_map(move |(frames, fates)| Sent {
                frames,
                fates,
                first_sequence,
                first_timestamp,
            })
        },
    )
}

struct Packet {
    frame: usize,
    sequence_number: u16,
    payload: Vec<u8>,
    lost: bool,
    twice: bool,
    order: u16,
}

fn packets(sent: &Sent) -> Vec<Packet> {
    let mut packets: Vec<Packet> = Vec::new();
    for (frame, (count, keyframe)) in sent.frames.iter().enumerate() {
        for index in 0..*count {
            let number = packets.len();
            let slice = if *keyframe { 0x65 } else { 0x41 };
            let mut payload = vec![slice, if index == 0 { 0x88 } else { 0x40 }, frame as u8, index as u8];
            if *keyframe && index == 0 {
                payload = [SPS_PPS, &[0, payload.len() as u8], &payload].concat();
            }
            let (lost, twice, order) = sent.fates[number];
            let sequence_number = sent.first_sequence.wrapping_add(number as u16);
            // The first keyframe arrives before all others: the stream starts there.
            let (lost, order) = if frame == 0 { (false, 0) } else { (lost, order) };
            packets.push(Packet { frame, sequence_number, payload, lost, twice, order });
        }
    }
    packets
}

/// The frames that may leave, when no packet is marked: whole, ended by a packet of the next frame, and whole back to a
/// keyframe.
fn model(sent: &Sent, packets: &[Packet]) -> Vec<usize> {
    let mut holding = true;
    let mut out = Vec::new();
    for (frame, (_, keyframe)) in sent.frames.iter().enumerate() {
        let whole = packets.iter().filter(|packet| packet.frame == frame).all(|packet| !packet.lost);
        let ended = packets.iter().find(|packet| packet.frame == frame + 1).is_some_and(|packet| !packet.lost);
        holding = !(whole && ended && (*keyframe || !holding));
        if !holding {
            out.push(frame);
        }
    }
    out
}

/// Lets the packets arrive in their order, all within the budget, so that no hole is given up before the end.
fn run(sent: &Sent, packets: &[Packet], marked: bool) -> Scene {
    let mut scene = Scene::default();
    let mut arrivals: Vec<&Packet> = packets.iter().filter(|packet| !packet.lost).collect();
    arrivals.extend(packets.iter().filter(|packet| !packet.lost && packet.twice));
    arrivals.sort_by_key(|packet| packet.order);
    let step = ms(200) / arrivals.len() as u32;
    for packet in arrivals {
        let timestamp = sent.first_timestamp.wrapping_add(packet.frame as u32 * FRAME_TICKS);
        let last = packets.iter().rfind(|other| other.frame == packet.frame);
        let marker = marked && last.is_some_and(|last| last.sequence_number == packet.sequence_number);
        scene.arrive(packet.sequence_number, timestamp, marker, &packet.payload);
        scene.clock.advance(step);
    }
    scene.wait(ms(10_000));
    scene
}

/// The numbers of the frames that left.
fn numbers(sent: &Sent, scene: &Scene) -> Vec<usize> {
    let first = i64::from(sent.first_timestamp);
    scene.frames.iter().map(|frame| ((frame.timestamp - first) / i64::from(FRAME_TICKS)) as usize).collect()
}

/// The access unit that was sent as this frame.
fn access_unit(sent: &Sent, number: usize) -> Vec<u8> {
    let (count, keyframe) = sent.frames[number];
    let slice = if keyframe { 0x65 } else { 0x41 };
    (0..count).flat_map(|i| [0, 0, 0, 4, slice, if i == 0 { 0x88 } else { 0x40 }, number as u8, i as u8]).collect()
}

proptest! {
    #[test]
    fn exactly_the_frames_of_the_model_leave(sent in sent()) {
        let packets = packets(&sent);
        let scene = run(&sent, &packets, false);
        let numbers = numbers(&sent, &scene);
        prop_assert_eq!(&numbers, &model(&sent, &packets));
        for (frame, number) in scene.frames.iter().zip(numbers) {
            prop_assert_eq!(&frame.payload[..], &access_unit(&sent, number)[..]);
            prop_assert_eq!(frame.keyframe, sent.frames[number].1);
        }
    }

    #[test]
    fn without_loss_every_marked_frame_leaves_whatever_the_order(sent in sent()) {
        let mut packets = packets(&sent);
        packets.iter_mut().for_each(|packet| packet.lost = false);
        let scene = run(&sent, &packets, true);
        prop_assert_eq!(numbers(&sent, &scene), (0..sent.frames.len()).collect::<Vec<_>>());
        prop_assert_eq!(scene.buffer.statistics().damaged, 0);
    }

    #[test]
    fn with_loss_only_whole_marked_frames_leave_each_behind_its_predecessor(sent in sent()) {
        let packets = packets(&sent);
        let scene = run(&sent, &packets, true);
        let mut previous = None;
        for (frame, number) in scene.frames.iter().zip(numbers(&sent, &scene)) {
            prop_assert_eq!(&frame.payload[..], &access_unit(&sent, number)[..]);
            prop_assert!(frame.keyframe || previous == Some(number - 1));
            previous = Some(number);
        }
        // What may leave without markers may leave with them.
        prop_assert!(model(&sent, &packets).len() <= scene.frames.len());
    }
}
