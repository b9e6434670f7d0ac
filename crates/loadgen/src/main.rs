//! The load generator: RTMP publishers, players and idle connections towards one server on this machine, its CPU time and
//! memory from `/proc`, and beside it a floor: a bare program that writes the same bytes to as many sockets.
//!
//! Loopback only, bounded in connections and in time. One line of JSON on stdout; what it is doing on stderr.
#![forbid(unsafe_code)]

mod clip;
mod connect;
mod error;
mod fan_out;
mod floor;
mod idle;
mod json;
mod latency;
mod options;
mod peer;
mod process;
mod publishers;
mod stamp;
mod swarm;

use error::LoadError;
use options::{Command, Options, Parsed};
use std::process::ExitCode;
use std::time::Duration;

/// Whatever happens, the process is gone after its measured time and this much more: it runs unattended.
const OVERHEAD: Duration = Duration::from_secs(180);

fn watch_over(options: &Options) {
    // Two windows: the server's and the floor's.
    let limit = (options.warm_up + options.window) * 2 + OVERHEAD;
    std::thread::spawn(move || {
        std::thread::sleep(limit);
        eprintln!("rtmp-gateway-loadgen: not finished after {} s: giving up", limit.as_secs());
        std::process::exit(3);
    });
}

fn run(options: &Options) -> Result<(), LoadError> {
    let result = match options.command {
        Command::FanOut => fan_out::run(options)?,
        Command::Idle => idle::run(options)?,
        Command::Connect => connect::run(options)?,
        Command::FloorChild => return floor::child(options),
    };
    println!("{result}");
    Ok(())
}

fn main() -> ExitCode {
    match options::parse(std::env::args().skip(1)) {
        Ok(Parsed::Help) => {
            print!("{}", options::HELP);
            ExitCode::SUCCESS
        }
        Ok(Parsed::Run(options)) => {
            watch_over(&options);
            match run(&options) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => {
                    eprintln!("rtmp-gateway-loadgen: {error}");
                    ExitCode::FAILURE
                }
            }
        }
        Err(error) => {
            eprintln!("rtmp-gateway-loadgen: {error}; --help lists the options");
            ExitCode::from(2)
        }
    }
}
