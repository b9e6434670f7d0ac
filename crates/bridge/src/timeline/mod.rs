//! One time line for the tracks of an RTP source, by arrival at first and by its sender reports then (RFC 3550 section
//! 6.4.1, RFC 7587 section 4.1).
//!
//! - Nothing waits for a sender report: a track's first packet is placed by its arrival beside the other track and
//!   advances at its clock rate.
//! - The audio sample count is the master: audio times are never stretched. With both tracks' reports, video moves towards
//!   the audio by at most 5 ms per 100 ms.
//! - Times never step back on a track.

mod track;

use rtmp_gateway_media::{MediaTime, OpusConfig, TrackKind};
use rtmp_gateway_rtp::NtpTime;
use std::time::Instant;
use track::Track;

/// Video moves by at most one part in this many of the time that passes: 5 ms per 100 ms.
const SLEW_DIVISOR: i64 = 20;
/// Difference, in microseconds, above which slewing would take longer than viewers bear (20 s): the track that is behind
/// then moves forward at once. Seen when a muted sender stopped its audio clock.
const MAX_SLEWED_MICROS: i64 = 1_000_000;
/// Least distance of two video times, in microseconds: RTMP's clock is in milliseconds.
const MIN_VIDEO_STEP_MICROS: i64 = 1_000;

/// Places a source's packets on one time line that starts at 0 with the first of them.
#[derive(Debug)]
pub struct Timeline {
    audio: Track,
    video: Track,
    /// Video minus audio on the time line, against their sender reports, in microseconds.
    skew: Option<i64>,
}

impl Default for Timeline {
    fn default() -> Self {
        Self::new()
    }
}

impl Timeline {
    /// A time line before its first packet; video at 90 kHz, audio at 48 kHz.
    pub fn new() -> Self {
        Self { audio: Track::new(OpusConfig::CLOCK_RATE), video: Track::new(MediaTime::VIDEO_RTP), skew: None }
    }

    /// Takes a sender report of a track: at the sender's wall-clock time `ntp` its clock showed `rtp`.
    pub fn handle_sender_report(&mut self, kind: TrackKind, ntp: NtpTime, rtp: u32) {
        let track = match kind {
            TrackKind::Audio => &mut self.audio,
            TrackKind::Video => &mut self.video,
        };
        track.mapping.handle_sender_report(ntp, rtp);
    }

    /// The track's source is replaced (a new SSRC): its next packet is placed by arrival again.
    pub fn restart(&mut self, kind: TrackKind) {
        self.skew = None;
        match kind {
            TrackKind::Audio => self.audio.restart(),
            TrackKind::Video => self.video.restart(),
        }
    }

    /// The time of an audio packet: `timestamp` in samples at 48 kHz, unwrapped. Ticks are samples, too: between packets
    /// they advance exactly as the timestamps.
    pub fn audio_time(&mut self, timestamp: i64, arrival: Instant) -> MediaTime {
        let micros = self.audio.place(timestamp, arrival, &self.video);
        let behind = self.skew.unwrap_or(0);
        let micros = if behind > MAX_SLEWED_MICROS {
            self.skew = None;
            self.audio.shift(behind);
            micros.saturating_add(behind)
        } else {
            micros
        };
        self.audio.advance(timestamp, micros, arrival);
        self.audio.exact(timestamp)
    }

    /// The time of a video frame: `timestamp` at 90 kHz, unwrapped.
    pub fn video_time(&mut self, timestamp: i64, arrival: Instant) -> MediaTime {
        let passed = self.video.passed_micros(timestamp);
        let mut micros = self.video.place(timestamp, arrival, &self.audio);
        if let Some(target) = self.video_target(timestamp) {
            let error = target.saturating_sub(micros);
            self.skew = Some(-error);
            let most = passed.unwrap_or(0).max(0) / SLEW_DIVISOR;
            let step = match passed {
                // Nothing of this track has been placed yet, or it is too far behind to be slewed.
                None => error,
                Some(_) if error > MAX_SLEWED_MICROS => error,
                // The audio is too far behind: it moves, with its next packet.
                Some(_) if error < -MAX_SLEWED_MICROS => 0,
                Some(_) => error.clamp(-most, most),
            };
            self.video.shift(step);
            micros = micros.saturating_add(step);
        }
        if let Some(last) = self.video.last_micros() {
            micros = micros.max(last.saturating_add(MIN_VIDEO_STEP_MICROS));
        }
        self.video.advance(timestamp, micros, arrival);
        // Rounded to the nearest tick, so that even frame intervals stay even.
        MediaTime::new(micros.saturating_mul(9).saturating_add(50).div_euclid(100), MediaTime::VIDEO_RTP)
    }

    /// How far video is ahead of audio on the time line (negative: behind), in microseconds, as the sender reports tell;
    /// `None` until both tracks have one. This is what is being slewed away.
    pub fn skew_micros(&self) -> Option<i64> {
        self.skew
    }

    /// Where the audio sampled together with this video timestamp is on the time line.
    fn video_target(&self, timestamp: i64) -> Option<i64> {
        let ntp = self.video.mapping.to_ntp(timestamp as u32)?;
        self.audio.micros_at(self.audio.mapping.to_rtp(ntp)?)
    }
}

#[cfg(test)]
mod tests;
