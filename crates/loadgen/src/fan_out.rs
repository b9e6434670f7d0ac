//! The scenario `fan-out`: publishers with players each; then the floor with as many players.

use crate::error::LoadError;
use crate::floor::Floor;
use crate::json::Json;
use crate::latency::Latencies;
use crate::options::Options;
use crate::peer::{Goal, Peer, Received};
use crate::process::{self, Sample};
use crate::publishers::{Publishers, ROOM, stream_name};
use crate::swarm::Swarm;
use rtmp_gateway_rtmp::session::client::{ClientConfig, Intent};
use std::time::{Duration, Instant};

/// Seconds of audio frames at 48 kHz.
const AUDIO_FRAMES: f64 = 48_000.0 / 1_024.0;
/// Fewer writes than this share of the messages mean that the server joins messages; the floor then does as well.
const JOINED: f64 = 0.85;

/// One measured window.
struct Window {
    time: Duration,
    before: Option<Sample>,
    after: Option<Sample>,
    received: Received,
    ended: u64,
    latencies: Latencies,
}

impl Window {
    /// CPU seconds of the process.
    fn cpu(&self) -> Option<f64> {
        Some((self.after?.cpu - self.before?.cpu).as_secs_f64())
    }

    /// Write calls of the process.
    fn writes(&self) -> Option<f64> {
        let writes = self.after?.writes?.saturating_sub(self.before?.writes?);
        // None at all: it sends by other calls, which the kernel does not count here.
        (writes > 0).then_some(writes as f64)
    }

    fn json(&mut self) -> Json {
        let seconds = self.time.as_secs_f64();
        let percentile = |latencies: &mut Latencies, share| Json::maybe(latencies.percentile(share));
        Json::Object(vec![
            ("seconds", Json::Number(seconds)),
            ("cpuSeconds", Json::maybe(self.cpu())),
            ("cores", Json::maybe(self.cpu().map(|cpu| cpu / seconds))),
            ("writesPerSecond", Json::maybe(self.writes().map(|writes| writes / seconds))),
            (
                "microsecondsPerWrite",
                Json::maybe(self.cpu().zip(self.writes()).map(|(cpu, writes)| cpu * 1e6 / writes)),
            ),
            ("residentMib", Json::maybe(self.after.map(|sample| sample.resident as f64 / 1024.0))),
            ("megabitsPerSecond", Json::Number(self.received.bytes as f64 * 8e-6 / seconds)),
            ("videoFrames", Json::count(self.received.video)),
            ("audioFrames", Json::count(self.received.audio)),
            ("missingVideoFrames", Json::count(self.received.missing)),
            ("playersEnded", Json::count(self.ended)),
            ("latencySamples", Json::count(self.latencies.count() as u64)),
            ("latencyP50Ms", percentile(&mut self.latencies, 0.5)),
            ("latencyP95Ms", percentile(&mut self.latencies, 0.95)),
            ("latencyP99Ms", percentile(&mut self.latencies, 0.99)),
            ("latencyMaxMs", percentile(&mut self.latencies, 1.0)),
        ])
    }
}

fn measure(swarm: &mut Swarm, pid: Option<u32>, options: &Options) -> Result<Window, LoadError> {
    swarm.run_until(Instant::now() + options.warm_up)?;
    swarm.clear();
    let before = pid.and_then(process::sample);
    let started = Instant::now();
    swarm.run_until(started + options.window)?;
    let after = pid.and_then(process::sample);
    let time = started.elapsed();
    let (received, ended) = swarm.received();
    Ok(Window { time, before, after, received, ended, latencies: std::mem::take(&mut swarm.latencies) })
}

/// Runs the scenario.
///
/// # Errors
/// A connection that it needs was refused; sockets or the floor failed.
pub(crate) fn run(options: &Options) -> Result<Json, LoadError> {
    let idle = options.pid.and_then(process::sample);
    let publishers = Publishers::start(options)?;
    let count = options.all_players();
    eprintln!("{} publishers are live; {count} players are connecting", options.publishers);
    let started = Instant::now();
    let mut players = Swarm::establish(count, |index| {
        let name = stream_name(index % options.publishers);
        let config = ClientConfig::new(Intent::Play, &options.target.to_string(), ROOM, &name);
        Peer::rtmp(options.target, config, Goal::Started, 1_000_000 + index as u64)
    })?;
    let establishing = started.elapsed();
    players.read_as(options.prompt, options.stalled, options.read_every)?;
    eprintln!("measuring the server for {} s", options.window.as_secs());
    let mut server = measure(&mut players, options.pid, options)?;
    let stalled_ended = players.stalled_and_ended();
    drop(players);
    publishers.stop()?;

    let messages = count as f64
        * server.time.as_secs_f64()
        * (f64::from(options.fps) + if options.audio_bytes > 0 { AUDIO_FRAMES } else { 0.0 });
    let joined = server.writes().is_some_and(|writes| writes < JOINED * messages);
    let mut floor = if options.floor && count > 0 { Some(floor(options, joined)?) } else { None };
    let ratio = floor.as_ref().and_then(|floor| Some(server.cpu()? / floor.cpu()?));
    let above_idle =
        server.after.zip(idle).map(|(after, idle)| (after.resident as f64 - idle.resident as f64) / 1024.0);
    Ok(Json::Object(vec![
        ("scenario", Json::Text("fan-out".into())),
        ("publishers", Json::count(options.publishers as u64)),
        ("players", Json::count(count as u64)),
        ("stalled", Json::count(options.stalled as u64)),
        ("stalledAndEnded", Json::count(stalled_ended)),
        ("establishingSeconds", Json::Number(establishing.as_secs_f64())),
        ("residentAboveIdleMib", Json::maybe(above_idle)),
        ("server", server.json()),
        ("floorKind", Json::Text(floor_kind(options, joined))),
        ("floor", floor.as_mut().map_or(Json::Null, Window::json)),
        ("cpuRatioToFloor", Json::maybe(ratio)),
    ]))
}

fn floor_kind(options: &Options, joined: bool) -> String {
    let sends = if joined { "audio with the next video frame" } else { "a write a message" };
    format!("{sends}, {}", if options.floor_nagle { "Nagle" } else { "TCP_NODELAY" })
}

fn floor(options: &Options, joined: bool) -> Result<Window, LoadError> {
    eprintln!("measuring the floor for {} s", options.window.as_secs());
    let mut floor = Floor::start(options, joined)?;
    let address = floor.address;
    let mut players = Swarm::establish(options.all_players(), |_| Peer::chunks(address))?;
    players.read_as(options.prompt, options.stalled, options.read_every)?;
    floor.go()?;
    let window = measure(&mut players, Some(floor.pid()), options)?;
    if window.received.video == 0 {
        return Err(LoadError::Floor("nothing arrived from the floor".into()));
    }
    Ok(window)
}
