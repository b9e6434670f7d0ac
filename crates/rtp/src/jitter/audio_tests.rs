use super::*;
use std::time::Duration;

/// 20 ms of CELT, one frame of three bytes.
const SOUND: &[u8] = &[0xf8, 1, 2, 3];
const NO_RESENDS: JitterConfig = JitterConfig { max_latency: super::super::MAX_LATENCY, retransmission: false };

struct Run {
    start: Instant,
    buffer: AudioJitterBuffer,
}

impl Run {
    fn new(config: JitterConfig) -> Self {
        Self { start: Instant::now(), buffer: AudioJitterBuffer::new(config) }
    }

    fn at(&self, ms: u64) -> Instant {
        self.start + Duration::from_millis(ms)
    }

    fn packet(&mut self, ms: u64, sequence_number: u16, timestamp: u32, payload: &'static [u8]) -> Vec<String> {
        let payload = Bytes::from_static(payload);
        let packet = MediaPacket { sequence_number, timestamp, marker: false, payload };
        self.buffer.handle_packet(self.at(ms), packet);
        self.poll(ms)
    }

    /// `P timestamp` for packets, `L timestamp+samples/packets` for losses.
    fn poll(&mut self, ms: u64) -> Vec<String> {
        let now = self.at(ms);
        std::iter::from_fn(|| self.buffer.poll_audio(now))
            .map(|event| match event {
                AudioEvent::Packet(packet) => format!("P {}", packet.timestamp),
                AudioEvent::Lost(loss) => format!("L {}+{}/{}", loss.timestamp, loss.samples, loss.packets),
            })
            .collect()
    }
}

#[test]
fn packets_in_order_leave_at_once() {
    let mut run = Run::new(JitterConfig::default());
    for index in 0..100_u16 {
        let timestamp = u32::from(index) * 960;
        assert_eq!(run.packet(u64::from(index) * 20, index, timestamp, SOUND), [format!("P {timestamp}")]);
        assert_eq!(run.buffer.poll_timeout(), None);
    }
    assert_eq!(run.buffer.statistics().jitter, Duration::ZERO);
}

#[test]
fn reordered_packets_are_put_in_order_and_duplicates_dropped() {
    let mut run = Run::new(NO_RESENDS);
    assert_eq!(run.packet(0, 65_535, 0, SOUND), ["P 0"]);
    assert_eq!(run.packet(20, 1, 1_920, SOUND), [""; 0]);
    assert_eq!(run.packet(25, 0, 960, SOUND), ["P 960", "P 1920"]);
    assert_eq!(run.packet(26, 0, 960, SOUND), [""; 0]);
    assert_eq!(run.packet(26, 1, 1_920, SOUND), [""; 0]);
    assert_eq!(run.buffer.statistics().late, 2);
}

#[test]
fn a_loss_is_reported_after_the_wait_and_before_the_packet_behind_it() {
    let mut run = Run::new(NO_RESENDS);
    run.packet(0, 0, 0, SOUND);
    assert_eq!(run.packet(60, 3, 2_880, SOUND), [""; 0]);
    let deadline = run.buffer.poll_timeout().unwrap();
    assert_eq!(deadline, run.at(70));
    assert_eq!(run.poll(69), [""; 0]);
    assert_eq!(run.poll(70), ["L 960+1920/2", "P 2880"]);
    assert_eq!(run.packet(71, 2, 1_920, SOUND), [""; 0]);
    assert_eq!((run.buffer.statistics().lost, run.buffer.statistics().late), (2, 1));
}

#[test]
fn the_wait_grows_with_reordering_that_came_too_late_and_keeps_to_the_budget() {
    let mut run = Run::new(NO_RESENDS);
    run.packet(0, 0, 0, SOUND);
    run.packet(40, 2, 1_920, SOUND);
    assert_eq!(run.poll(50), ["L 960+960/1", "P 1920"]);
    run.packet(80, 1, 960, SOUND);
    run.packet(100, 4, 3_840, SOUND);
    let wait = run.buffer.poll_timeout().unwrap() - run.at(100);
    assert!(wait > Duration::from_millis(55) && wait < Duration::from_millis(70), "{wait:?}");
    let mut run = Run::new(JitterConfig { max_latency: Duration::from_secs(9), retransmission: true });
    run.packet(0, 0, 0, SOUND);
    run.packet(40, 2, 1_920, SOUND);
    assert_eq!(run.buffer.poll_timeout(), Some(run.at(290)), "never above 250 ms");
}

#[test]
fn silence_in_between_is_no_loss() {
    let mut run = Run::new(NO_RESENDS);
    run.packet(0, 0, 0, SOUND);
    assert_eq!(run.packet(20, 1, 960, &[0xf8]), ["P 960"]);
    assert_eq!(run.packet(420, 2, 20_160, &[0xf8]), ["P 20160"]);
    assert_eq!(run.packet(820, 3, 39_360, SOUND), ["P 39360"]);
    // A loss with a silence in it: only what one packet lasts is to be concealed.
    run.packet(1_240, 5, 59_520, SOUND);
    assert_eq!(run.poll(1_500), ["L 40320+960/1", "P 59520"]);
}

#[test]
fn probes_take_a_number_but_no_time() {
    let mut run = Run::new(NO_RESENDS);
    run.packet(0, 0, 0, SOUND);
    assert_eq!(run.packet(5, 1, 0, &[]), [""; 0]);
    assert_eq!(run.packet(20, 2, 960, SOUND), ["P 960"]);
    // A lost probe took none either.
    run.packet(40, 4, 1_920, SOUND);
    assert_eq!(run.poll(300), ["P 1920"]);
}

#[test]
fn packets_that_break_the_framing_are_reported_lost_without_waiting() {
    let mut run = Run::new(NO_RESENDS);
    run.packet(0, 0, 0, SOUND);
    assert_eq!(run.packet(20, 1, 960, &[0xff, 0]), [""; 0]);
    assert_eq!(run.packet(40, 2, 1_920, SOUND), ["L 960+960/1", "P 1920"]);
    assert_eq!(run.buffer.statistics().broken, 1);
}

#[test]
fn hostile_70_timestamps_may_jump_and_sequences_restart() {
    let mut run = Run::new(NO_RESENDS);
    run.packet(0, 0, 1_000, SOUND);
    assert_eq!(run.packet(20, 1, 0x8000_0000, SOUND), ["P 2147483648"]);
    run.packet(40, 3, 5, SOUND);
    assert_eq!(run.poll(100), ["L 2147484608+960/1", "P 5"]);
    assert_eq!(run.packet(120, 30_000, 965, SOUND), [""; 0]);
    assert_eq!(run.packet(140, 30_001, 1_925, SOUND), ["P 965", "P 1925"]);
    assert_eq!((run.buffer.statistics().restarts, run.buffer.statistics().strays), (1, 0));
}

#[test]
fn hostile_70_the_buffer_is_bounded() {
    let mut run = Run::new(JitterConfig::default());
    run.packet(0, 0, 0, SOUND);
    for index in 0..5_000_u32 {
        let sequence_number = (2 + index * 2) as u16;
        let packet = MediaPacket {
            sequence_number,
            timestamp: u32::from(sequence_number) * 960,
            marker: false,
            payload: Bytes::from_static(SOUND),
        };
        run.buffer.handle_packet(run.start, packet);
        assert!(run.buffer.window.len() <= MAX_PACKETS);
    }
    let events = run.poll(250);
    assert!(events.first().is_some_and(|event| event.starts_with('L')), "{events:?}");
}
