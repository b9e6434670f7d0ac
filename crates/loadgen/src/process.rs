//! A process's CPU time, memory and write calls, from `/proc` (proc(5)).

use std::fs;
use std::time::Duration;

/// The kernel's unit of CPU times in `/proc`: 10 ms on every Linux that Rust runs on.
const TICK: Duration = Duration::from_millis(10);

/// A process at one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sample {
    /// User and system time of all its threads.
    pub cpu: Duration,
    /// Resident memory in KiB.
    pub resident: u64,
    /// `write` and `writev` calls so far; `None` where reading them is not permitted.
    pub writes: Option<u64>,
}

/// Looks at a process; `None` when it is gone (or where there is no `/proc`).
pub(crate) fn sample(pid: u32) -> Option<Sample> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let io = fs::read_to_string(format!("/proc/{pid}/io")).ok();
    Some(Sample {
        cpu: cpu_time(&stat)?,
        resident: field(&status, "VmRSS:")?,
        writes: io.and_then(|io| field(&io, "syscw:")),
    })
}

/// The fields behind the program's name, which is in brackets and may contain anything.
fn cpu_time(stat: &str) -> Option<Duration> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11).map_while(|field| field.parse::<u32>().ok());
    let ticks = fields.next()?.checked_add(fields.next()?)?;
    Some(TICK * ticks)
}

fn field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_fields_behind_any_program_name() {
        let stat = "7 (a) b (c)) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 11 0 5 1 2";
        assert_eq!(cpu_time(stat), Some(Duration::from_secs(3)));
        assert_eq!(field("VmPeak:\t 9 kB\nVmRSS:\t  1234 kB\n", "VmRSS:"), Some(1234));
        assert_eq!(cpu_time("7 (x"), None);
    }

    #[test]
    fn this_process_has_memory() {
        assert!(sample(std::process::id()).is_some_and(|sample| sample.resident > 100));
    }
}
