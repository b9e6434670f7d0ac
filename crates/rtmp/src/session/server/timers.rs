//! Deadlines and liveness: handshake, first accepted command, silence, pings (RTMP 1.0 section 7.1.7 for pings).

use std::time::Instant;

use super::{ServerSession, StateName, StreamStateName};
use crate::message::control::UserControl;
use crate::session::SessionError;

/// When the peer was heard and pinged.
#[derive(Debug)]
pub(super) struct Liveness {
    heard: Instant,
    /// The last ping since the peer was heard.
    pinged: Option<Instant>,
    /// The peer has answered a ping before: from now on it must.
    answers: bool,
}

impl Liveness {
    pub(super) const fn new(now: Instant) -> Self {
        Self { heard: now, pinged: None, answers: false }
    }

    pub(super) const fn heard(&mut self, now: Instant) {
        self.heard = now;
        self.pinged = None;
    }

    pub(super) const fn answered(&mut self) {
        self.answers = true;
    }
}

impl ServerSession {
    /// When [`Self::handle_timeout`] wants to be called next; may lie in the past.
    pub fn poll_timeout(&self) -> Option<Instant> {
        if self.failure.is_some() {
            return Some(self.now);
        }
        [self.deadline().map(|(at, _)| at), self.ping_due()].into_iter().flatten().min()
    }

    /// Does what is due: closes by error, or pings. Poll the output afterwards.
    ///
    /// # Errors
    /// [`SessionError`]: a deadline has passed, or held input turned out to be broken.
    pub fn handle_timeout(&mut self, now: Instant) -> Result<(), SessionError> {
        self.now = now;
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        if let Some((at, error)) = self.deadline()
            && now >= at
        {
            self.failure = Some(error);
            return Err(error);
        }
        if self.ping_due().is_some_and(|at| now >= at) {
            self.liveness.pinged = Some(now);
            let age = now.saturating_duration_since(self.state.since).as_millis();
            // The value only has to come back; it wraps with the clock.
            self.send_user_control(UserControl::PingRequest((age & 0xFFFF_FFFF) as u32));
        }
        Ok(())
    }

    fn deadline(&self) -> Option<(Instant, SessionError)> {
        match self.state.name {
            StateName::Handshake => {
                Some((self.state.since + self.config.handshake_deadline, SessionError::HandshakeTimeout))
            }
            // The owner bounds its own decisions, and reading is paused meanwhile.
            StateName::Deciding | StateName::Closed => None,
            StateName::Connecting | StateName::Connected => {
                Some((self.useless_since? + self.config.command_deadline, SessionError::CommandTimeout))
            }
            StateName::Publishing | StateName::Playing => {
                let publishes = self.streams.iter().any(|stream| stream.state == StreamStateName::Publishing);
                let must_speak = publishes || self.liveness.answers;
                must_speak.then(|| (self.liveness.heard + self.config.idle_timeout, SessionError::IdleTimeout))
            }
        }
    }

    fn ping_due(&self) -> Option<Instant> {
        match self.state.name {
            StateName::Publishing | StateName::Playing => {
                Some(self.liveness.pinged.unwrap_or(self.liveness.heard) + self.config.ping_interval)
            }
            _ => None,
        }
    }
}
