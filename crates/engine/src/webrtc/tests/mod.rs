//! Two peers in virtual time: a browser (str0m as a full ICE client) and the sessions of a shard, on a seeded link.

mod hostile;
mod life;
mod link;
mod loss;
mod playback;
mod publish;
mod socket;

use super::peers::{Event, Peers};
use super::setup::{StreamMedia, VideoFormat, ViewerOptions, setup_publisher, setup_viewer, setup_viewer_with};
use super::viewer::{Delivery, GopHint, GopReason};
use super::{CloseReason, PacketizedUnit, SessionId, StreamKey};
use link::{Link, World};
use rtmp_gateway_media::TrackKind;
use rtmp_gateway_rtp::RtpPayload;
use std::sync::Arc;
use std::time::Duration;

const STREAM: StreamKey = 7;
const FRAME: Duration = Duration::from_millis(40);

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// A picture at `index` * 40 ms of `packets` packets; every `gop`th is a keyframe.
fn picture(index: u64, gop: u64, packets: usize) -> Arc<PacketizedUnit> {
    sized_picture(index, gop, packets, 1_000)
}

fn sized_picture(index: u64, gop: u64, packets: usize, bytes: usize) -> Arc<PacketizedUnit> {
    let payloads = (0..packets).map(|p| {
        let mut payload = vec![p as u8; bytes];
        payload[..8].copy_from_slice(&index.to_be_bytes());
        RtpPayload { payload: payload.into(), marker: p + 1 == packets }
    });
    let wallclock = FRAME * index as u32;
    let unit =
        PacketizedUnit::new(TrackKind::Video, index.is_multiple_of(gop), index * 3_600, wallclock, payloads.collect());
    Arc::new(unit)
}

/// A 20 ms Opus packet.
fn sound(index: u64) -> Arc<PacketizedUnit> {
    let payloads = vec![RtpPayload { payload: index.to_be_bytes().to_vec().into(), marker: false }];
    Arc::new(PacketizedUnit::new(TrackKind::Audio, true, index * 960, ms(20) * index as u32, payloads))
}
