//! The scenario `idle`: what connections that connected and then say nothing cost a server in memory and CPU.

use crate::connect::open_all;
use crate::error::LoadError;
use crate::json::Json;
use crate::options::Options;
use crate::process;
use std::time::{Duration, Instant};

/// Runs the scenario.
///
/// # Errors
/// A connection was refused, or closed before the window was over.
pub(crate) fn run(options: &Options) -> Result<Json, LoadError> {
    let before = options.pid.and_then(process::sample);
    let mut swarm = open_all(options)?;
    swarm.read_as(0, 0, Duration::ZERO)?;
    let settled = options.pid.and_then(process::sample);
    let started = Instant::now();
    swarm.run_until(started + options.window)?;
    let seconds = started.elapsed().as_secs_f64();
    let after = options.pid.and_then(process::sample);
    let count = options.connections as f64;
    let grown = before.zip(after).map(|(before, after)| after.resident as f64 - before.resident as f64);
    let cpu = settled.zip(after).map(|(settled, after)| (after.cpu - settled.cpu).as_secs_f64());
    let (_, ended) = swarm.received();
    Ok(Json::Object(vec![
        ("scenario", Json::Text("idle".into())),
        ("connections", Json::count(options.connections as u64)),
        ("seconds", Json::Number(seconds)),
        ("ended", Json::count(ended)),
        ("residentBeforeMib", Json::maybe(before.map(|sample| sample.resident as f64 / 1024.0))),
        ("residentAfterMib", Json::maybe(after.map(|sample| sample.resident as f64 / 1024.0))),
        ("kibPerConnection", Json::maybe(grown.map(|grown| grown / count))),
        ("idleCores", Json::maybe(cpu.map(|cpu| cpu / seconds))),
    ]))
}
