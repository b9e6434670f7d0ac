//! The command line: a command, its options, and the bounds that keep a slip from hurting the machine.

use crate::error::LoadError;
use std::net::SocketAddr;
use std::time::Duration;

/// Connections of one run: below the usual limit of descriptors, and what the gateway admits.
const MAX_CONNECTIONS: u64 = 20_000;
/// Publishers of one run: each costs this process 77 writes a second.
const MAX_PUBLISHERS: u64 = 1_000;
/// Seconds of a window or a warm-up.
const MAX_SECONDS: u64 = 600;
/// Bytes of one frame.
const MAX_FRAME: u64 = 1 << 20;

pub(crate) const HELP: &str = "\
rtmp-gateway-loadgen COMMAND --target ADDRESS:PORT [options]

Loads an RTMP server on this machine (loopback only) and measures it. JSON on stdout.

Commands:
  fan-out   publishers, each with players; then the same bytes from a bare program (the floor)
  connect   how fast connections are taken: TCP, handshake and connect
  idle      what idle connections cost in memory

Options:
  --target ADDRESS:PORT     the server, on a loopback address
  --pid PID                 the server's process: CPU seconds and memory are read from /proc
  --publishers N            1..=1000 (1)
  --players N               players of each publisher, 0..=20000 in all (10)
  --stalled N               players, among all, that stop reading after they started (0)
  --connections N           of `connect` and `idle`, 1..=20000 (1000)
  --seconds N               the measured window, 1..=600 (5)
  --warm-up N               seconds before it, 0..=600 (2)
  --video-bytes N           of each video frame, 64..=1048576 (3300)
  --fps N                   video frames a second, 1..=120 (30)
  --audio-bytes N           of each audio frame, 46.875 a second; 0 = no audio (175)
  --read-every MS           players read all they have every MS; 0 = as soon as something is there (0)
  --prompt N                players that read at once all the same and measure latency (20)
  --floor yes|no            measure the floor as well (yes)
  --floor-nagle yes|no      leave Nagle's algorithm on in the floor (no)
  --help
";

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Command {
    FanOut,
    Connect,
    Idle,
    /// The floor's own process; started by `fan-out`.
    FloorChild,
}

/// One run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Options {
    pub command: Command,
    pub target: SocketAddr,
    pub pid: Option<u32>,
    pub publishers: usize,
    /// Of each publisher.
    pub players: usize,
    pub stalled: usize,
    pub connections: usize,
    pub window: Duration,
    pub warm_up: Duration,
    pub video_bytes: usize,
    pub fps: u32,
    pub audio_bytes: usize,
    /// Zero: players read as soon as something is there.
    pub read_every: Duration,
    pub prompt: usize,
    pub floor: bool,
    pub floor_nagle: bool,
    /// The floor joins audio to the next video frame's write.
    pub floor_hold: bool,
}

impl Options {
    /// Players of all publishers together.
    pub(crate) fn all_players(&self) -> usize {
        self.publishers * self.players
    }
}

/// What the command line says.
#[derive(Debug, PartialEq)]
pub(crate) enum Parsed {
    Help,
    Run(Box<Options>),
}

/// Reads the command line, without the program's name.
///
/// # Errors
/// An unknown command or option, a value out of range, an address that is not a loopback address.
pub(crate) fn parse(arguments: impl Iterator<Item = String>) -> Result<Parsed, LoadError> {
    let mut arguments = arguments.peekable();
    let command = match arguments.next().as_deref() {
        None | Some("--help" | "-h") => return Ok(Parsed::Help),
        Some("fan-out") => Command::FanOut,
        Some("connect") => Command::Connect,
        Some("idle") => Command::Idle,
        Some("floor-child") => Command::FloorChild,
        Some(other) => return Err(LoadError::Option(format!("no command is called {other:?}"))),
    };
    let mut options = Options {
        command,
        target: SocketAddr::from(([127, 0, 0, 1], 0)),
        pid: None,
        publishers: 1,
        players: 10,
        stalled: 0,
        connections: 1000,
        window: Duration::from_secs(5),
        warm_up: Duration::from_secs(2),
        video_bytes: 3300,
        fps: 30,
        audio_bytes: 175,
        read_every: Duration::ZERO,
        prompt: 20,
        floor: true,
        floor_nagle: false,
        floor_hold: false,
    };
    while let Some(name) = arguments.next() {
        if matches!(name.as_str(), "--help" | "-h") {
            return Ok(Parsed::Help);
        }
        let Some(value) = arguments.next() else { return Err(LoadError::Option(format!("{name} needs a value"))) };
        set(&mut options, &name, &value)?;
    }
    check(options)
}

fn set(options: &mut Options, name: &str, value: &str) -> Result<(), LoadError> {
    let number = |range: std::ops::RangeInclusive<u64>| match value.parse() {
        Ok(number) if range.contains(&number) => Ok(number),
        _ => Err(LoadError::Option(format!("{name} must be {} to {}, not {value:?}", range.start(), range.end()))),
    };
    let count = |range| number(range).map(|number| number as usize);
    let yes = || match value {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err(LoadError::Option(format!("{name} must be yes or no, not {value:?}"))),
    };
    match name {
        "--target" => {
            options.target =
                value.parse().map_err(|_| LoadError::Option(format!("{name} must be ADDRESS:PORT, not {value:?}")))?;
        }
        "--pid" => options.pid = Some(number(1..=u64::from(u32::MAX))? as u32),
        "--publishers" => options.publishers = count(1..=MAX_PUBLISHERS)?,
        "--players" => options.players = count(0..=MAX_CONNECTIONS)?,
        "--stalled" => options.stalled = count(0..=MAX_CONNECTIONS)?,
        "--connections" => options.connections = count(1..=MAX_CONNECTIONS)?,
        "--seconds" => options.window = Duration::from_secs(number(1..=MAX_SECONDS)?),
        "--warm-up" => options.warm_up = Duration::from_secs(number(0..=MAX_SECONDS)?),
        "--video-bytes" => options.video_bytes = count(64..=MAX_FRAME)?,
        "--fps" => options.fps = number(1..=120)? as u32,
        "--audio-bytes" => options.audio_bytes = count(0..=MAX_FRAME)?,
        "--read-every" => options.read_every = Duration::from_millis(number(0..=1_000)?),
        "--prompt" => options.prompt = count(0..=MAX_CONNECTIONS)?,
        "--floor" => options.floor = yes()?,
        "--floor-nagle" => options.floor_nagle = yes()?,
        "--floor-hold" => options.floor_hold = yes()?,
        _ => return Err(LoadError::Option(format!("no option is called {name:?}"))),
    }
    Ok(())
}

fn check(options: Options) -> Result<Parsed, LoadError> {
    if !options.target.ip().is_loopback() {
        return Err(LoadError::NotLoopback(options.target));
    }
    if options.target.port() == 0 && options.command != Command::FloorChild {
        return Err(LoadError::Option("--target is missing".into()));
    }
    if options.all_players() as u64 > MAX_CONNECTIONS {
        return Err(LoadError::Option(format!("more than {MAX_CONNECTIONS} players in all")));
    }
    Ok(Parsed::Run(Box::new(options)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Parsed, LoadError> {
        parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn reads_a_command_with_its_options() {
        let Ok(Parsed::Run(options)) = parsed("fan-out --target 127.0.0.1:1935 --players 200 --seconds 3") else {
            panic!("a good command line")
        };
        assert_eq!((options.command, options.players), (Command::FanOut, 200));
        assert_eq!(options.window, Duration::from_secs(3));
    }

    #[test]
    fn refuses_other_machines() {
        for target in ["192.0.2.1:1935", "0.0.0.0:1935", "[2001:db8::1]:1935"] {
            let refused = parsed(&format!("connect --target {target}"));
            assert!(matches!(refused, Err(LoadError::NotLoopback(_))), "{target}");
        }
        assert!(parsed("connect --target [::1]:1935").is_ok());
    }

    #[test]
    fn refuses_what_is_out_of_bounds_or_unknown() {
        for line in [
            "fan-out",
            "dance --target 127.0.0.1:1",
            "fan-out --target 127.0.0.1:1 --players 20001",
            "fan-out --target 127.0.0.1:1 --publishers 1000 --players 21",
            "fan-out --target 127.0.0.1:1 --seconds 0",
            "fan-out --target 127.0.0.1:1 --seconds",
            "fan-out --target 127.0.0.1:1 --floor maybe",
            "fan-out --target localhost:1",
        ] {
            assert!(parsed(line).is_err(), "{line}");
        }
    }

    #[test]
    fn help_names_every_option() {
        assert_eq!(parsed("--help").ok(), Some(Parsed::Help));
        assert_eq!(parsed("idle --help").ok(), Some(Parsed::Help));
        for option in ["--target", "--pid", "--stalled", "--read-every", "--prompt", "--floor-nagle"] {
            assert!(HELP.contains(option));
        }
    }
}
