//! The scenario `connect`: how fast a server takes connections up to the answer to connect.

use crate::error::LoadError;
use crate::json::Json;
use crate::options::Options;
use crate::peer::{Goal, Peer};
use crate::process;
use crate::publishers::ROOM;
use crate::swarm::Swarm;
use rtmp_gateway_rtmp::session::client::{ClientConfig, Intent};
use std::time::Instant;

/// Opens as many connections as the options say, each up to the answer to connect.
///
/// # Errors
/// One was refused.
pub(crate) fn open_all(options: &Options) -> Result<Swarm, LoadError> {
    Swarm::establish(options.connections, |index| {
        let config = ClientConfig::new(Intent::Play, &options.target.to_string(), ROOM, "nobody");
        Peer::rtmp(options.target, config, Goal::Connected, 2_000_000 + index as u64)
    })
}

/// Runs the scenario.
///
/// # Errors
/// A connection was refused.
pub(crate) fn run(options: &Options) -> Result<Json, LoadError> {
    let before = options.pid.and_then(process::sample);
    let started = Instant::now();
    let mut swarm = open_all(options)?;
    let seconds = started.elapsed().as_secs_f64();
    let after = options.pid.and_then(process::sample);
    let cpu = before.zip(after).map(|(before, after)| (after.cpu - before.cpu).as_secs_f64());
    let count = options.connections as f64;
    Ok(Json::Object(vec![
        ("scenario", Json::Text("connect".into())),
        ("connections", Json::count(options.connections as u64)),
        ("seconds", Json::Number(seconds)),
        ("connectionsPerSecond", Json::Number(count / seconds)),
        ("cpuMicrosecondsPerConnection", Json::maybe(cpu.map(|cpu| cpu * 1e6 / count))),
        ("establishingP50Ms", Json::maybe(swarm.establishing.percentile(0.5))),
        ("establishingP99Ms", Json::maybe(swarm.establishing.percentile(0.99))),
    ]))
}
