//! A session of either kind behind one face: a viewer of a stream, or a publisher.

use crate::webrtc::StreamKey;
use crate::webrtc::peer::{CloseReason, PatchReply, Peer, Transmit};
use crate::webrtc::publisher::{Publisher, PublisherEvent, ReceivedPacket, ReceivedReport};
use crate::webrtc::sdp::{IceFragment, SetupError};
use crate::webrtc::viewer::{GopReason, Viewer, ViewerEvent};
use std::time::Instant;

/// What a session is for.
#[expect(clippy::large_enum_variant, reason = "sessions are boxed as a whole")]
pub(super) enum Role {
    Viewer(Viewer, StreamKey),
    Publisher(Publisher),
}

/// What a session reports to the table.
pub(super) enum RoleEvent {
    Connected,
    GopWanted(StreamKey, GopReason),
    Packet(ReceivedPacket),
    Report(ReceivedReport),
    Closed(CloseReason),
}

impl Role {
    pub(super) fn peer(&self) -> &Peer {
        match self {
            Self::Viewer(viewer, _) => &viewer.peer,
            Self::Publisher(publisher) => &publisher.peer,
        }
    }

    pub(super) fn peer_mut(&mut self) -> &mut Peer {
        match self {
            Self::Viewer(viewer, _) => &mut viewer.peer,
            Self::Publisher(publisher) => &mut publisher.peer,
        }
    }

    pub(super) fn viewer(&mut self) -> Option<&mut Viewer> {
        match self {
            Self::Viewer(viewer, _) => Some(viewer),
            Self::Publisher(_) => None,
        }
    }

    pub(super) fn stream(&self) -> Option<StreamKey> {
        match self {
            Self::Viewer(_, stream) => Some(*stream),
            Self::Publisher(_) => None,
        }
    }

    pub(super) fn poll_transmit(&mut self, now: Instant) -> Option<Transmit> {
        match self {
            Self::Viewer(viewer, _) => viewer.poll_transmit(now),
            Self::Publisher(publisher) => publisher.poll_transmit(now),
        }
    }

    pub(super) fn poll_event(&mut self, now: Instant) -> Option<RoleEvent> {
        Some(match self {
            Self::Viewer(viewer, stream) => match viewer.poll_event(now)? {
                ViewerEvent::Connected => RoleEvent::Connected,
                ViewerEvent::GopWanted(reason) => RoleEvent::GopWanted(*stream, reason),
                ViewerEvent::Closed(reason) => RoleEvent::Closed(reason),
            },
            Self::Publisher(publisher) => match publisher.poll_event()? {
                PublisherEvent::Connected => RoleEvent::Connected,
                PublisherEvent::Packet(packet) => RoleEvent::Packet(packet),
                PublisherEvent::Report(report) => RoleEvent::Report(report),
                PublisherEvent::Closed(reason) => RoleEvent::Closed(reason),
            },
        })
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) {
        match self {
            Self::Viewer(viewer, _) => viewer.handle_timeout(now),
            Self::Publisher(publisher) => publisher.handle_timeout(now),
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        match self {
            Self::Viewer(viewer, _) => viewer.poll_timeout(),
            Self::Publisher(publisher) => publisher.poll_timeout(),
        }
    }

    pub(super) fn patch(&mut self, now: Instant, fragment: &IceFragment) -> Result<PatchReply, SetupError> {
        match self {
            Self::Viewer(viewer, _) => viewer.patch(now, fragment),
            Self::Publisher(publisher) => publisher.patch(now, fragment),
        }
    }
}
