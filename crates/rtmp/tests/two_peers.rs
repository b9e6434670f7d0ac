//! Client and server sessions against each other, with the bytes cut into pieces of every size.

mod common;

use bytes::Bytes;
use common::{Pair, at, drain, metadata, start};
use rtmp_gateway_rtmp::amf0::Value;
use rtmp_gateway_rtmp::chunk::{MediaKind, media_pieces};
use rtmp_gateway_rtmp::handshake::HandshakeForm;
use rtmp_gateway_rtmp::session::client::{ClientConfig, ClientEvent, ClientState, Intent};
use rtmp_gateway_rtmp::session::server::{CloseReason, Event, Media, StateName, StreamStateName};

fn config(intent: Intent) -> ClientConfig {
    ClientConfig::new(intent, "127.0.0.1:1935", "room?key=k", "cam?token=t")
}

fn media(events: &[Event]) -> Vec<Media> {
    events.iter().filter_map(|e| if let Event::Media(m) = e { Some(m.clone()) } else { None }).collect()
}

#[test]
fn a_publisher_gets_through_in_every_fragmentation() {
    for piece in (1..40).chain([127, 128, 129, 1535, 1536, 1537, 3073, 100_000]) {
        let mut pair = Pair::new(config(Intent::Publish), piece);
        pair.accept();
        assert_eq!(pair.client.state(), ClientState::Running, "pieces of {piece}");
        assert_eq!(pair.server.state().name, StateName::Publishing);
        let bodies =
            [(MediaKind::Video, 9_000), (MediaKind::Audio, 1), (MediaKind::Video, 128), (MediaKind::Audio, 371)];
        for (index, (kind, length)) in bodies.into_iter().enumerate() {
            pair.client.send_media(kind, 0xFF_FFF0 + 10 * index as u32, &vec![index as u8 + 1; length]);
        }
        pair.run();
        let got = media(&pair.server_events);
        assert_eq!(got.len(), 4, "pieces of {piece}");
        for (index, ((kind, length), media)) in bodies.into_iter().zip(got).enumerate() {
            assert_eq!((media.kind, media.body.len()), (kind, length));
            assert_eq!((media.timestamp, media.message_stream_id), (0xFF_FFF0 + 10 * index as u32, 1));
            assert!(media.body.iter().all(|b| *b == index as u8 + 1));
        }
    }
}

#[test]
fn every_handshake_form_and_amf3_commands_get_through() {
    for form in [HandshakeForm::Plain, HandshakeForm::Digest0, HandshakeForm::Digest1] {
        for amf3 in [false, true] {
            let mut pair = Pair::new(ClientConfig { handshake: form, amf3, ..config(Intent::Publish) }, 1000);
            pair.accept();
            assert_eq!(pair.client.state(), ClientState::Running, "{form:?}, amf3 {amf3}");
        }
    }
}

#[test]
fn the_request_carries_room_name_and_queries() {
    let mut pair = Pair::new(config(Intent::Publish), 4096);
    pair.run();
    let Some(Event::PublishRequested(request)) = pair.server_events.last() else { panic!("no request") };
    assert_eq!((request.room.as_str(), request.name.as_str()), ("room", "cam"));
    assert_eq!((request.query.as_str(), request.app.as_str()), ("token=t&key=k", "room?key=k"));
    assert_eq!(pair.server.state().name, StateName::Deciding);
    assert!(!pair.server.wants_input());
}

#[test]
fn a_rejected_publisher_hears_why_and_may_ask_again() {
    let mut pair = Pair::new(config(Intent::Publish), 4096);
    pair.run();
    assert!(pair.server.reject_publish(start(), 1, "NetStream.Publish.BadName", "taken"));
    assert!(!pair.server.reject_publish(start(), 1, "NetStream.Publish.BadName", "taken"));
    assert!(!pair.server.accept_publish(start(), 1));
    pair.run();
    let rejected = ClientEvent::Rejected { code: "NetStream.Publish.BadName".into(), description: "taken".into() };
    assert_eq!(pair.client_events.last(), Some(&rejected));
    assert_eq!(pair.server.state().name, StateName::Connected);
    pair.client.send_command(1, "publish", vec![Value::string("other")]);
    pair.run();
    assert!(pair.server.accept_publish(start(), 1));
}

#[test]
fn a_player_gets_headers_and_bodies_of_every_length() {
    for piece in [1, 7, 1000, 70_000] {
        let mut pair = Pair::new(config(Intent::Play), piece);
        pair.accept();
        assert_eq!(pair.client.state(), ClientState::Running);
        assert_eq!(pair.server.state().name, StateName::Playing);
        let mut sent = Vec::new();
        for (index, length) in [1, 65_535, 65_536, 65_537, 200_000].into_iter().enumerate() {
            let body = Bytes::from(vec![index as u8; length]);
            let timestamp = 0x00FF_FFFD + index as u32;
            let header = pair.server.media_header(1, MediaKind::Video, timestamp, length);
            let mut bytes = Vec::new();
            for (header, slice) in media_pieces(header, &body, pair.server.out_chunk_size()) {
                bytes.extend_from_slice(&header);
                bytes.extend_from_slice(&slice);
            }
            for piece in bytes.chunks(piece) {
                pair.client.handle_input(start(), piece).unwrap();
            }
            sent.push(Media { message_stream_id: 1, kind: MediaKind::Video, timestamp, body });
        }
        pair.run();
        let got = |e: &ClientEvent| if let ClientEvent::Media(m) = e { Some(m.clone()) } else { None };
        let mut got: Vec<_> = pair.client_events.iter().filter_map(got).collect();
        // The first data message is |RtmpSampleAccess.
        assert_eq!(got.remove(0).kind, MediaKind::Data);
        assert!(got == sent, "pieces of {piece}");
    }
}

#[test]
fn a_player_hears_of_the_end_and_of_a_new_beginning() {
    let mut pair = Pair::new(config(Intent::Play), 4096);
    pair.accept();
    assert!(pair.server.notify_unpublish(at(5), 1));
    assert!(pair.server.notify_publish(at(6), 1));
    assert!(!pair.server.notify_publish(at(6), 2));
    pair.run();
    let code = |e: &ClientEvent| if let ClientEvent::Status { code, .. } = e { Some(code.clone()) } else { None };
    let codes: Vec<_> = pair.client_events.iter().filter_map(code).collect();
    let expected = ["NetStream.Play.Reset", "NetStream.Play.UnpublishNotify", "NetStream.Play.PublishNotify"];
    assert_eq!(codes, expected);
    assert!(pair.client_events.contains(&ClientEvent::StreamEnded));
}

#[test]
fn metadata_arrives_without_its_frame() {
    let mut pair = Pair::new(config(Intent::Publish), 4096);
    pair.accept();
    let framed = [&[2, 0, 13][..], b"@setDataFrame", &metadata()].concat();
    pair.client.send_media(MediaKind::Data, 0, &framed);
    pair.run();
    assert_eq!(media(&pair.server_events).last().unwrap().body, metadata());
}

#[test]
fn stopping_ends_the_stream_once() {
    for intent in [Intent::Publish, Intent::Play] {
        let mut pair = Pair::new(config(intent), 4096);
        pair.accept();
        pair.server_events.clear();
        pair.client.stop();
        pair.run();
        let expected = match intent {
            Intent::Publish => Event::Unpublished { message_stream_id: 1 },
            Intent::Play => Event::Stopped { message_stream_id: 1 },
        };
        assert_eq!(pair.server_events, [expected]);
        assert_eq!(pair.server.state().name, StateName::Connected);
        assert_eq!(pair.server.streams().count(), 0);
    }
}

#[test]
fn players_pause_go_on_and_choose_what_they_receive() {
    let mut pair = Pair::new(config(Intent::Play), 4096);
    pair.accept();
    pair.server_events.clear();
    pair.client.send_command(1, "pause", vec![Value::Boolean(true), Value::Number(0.0)]);
    pair.run();
    assert_eq!(pair.server.streams().next().unwrap().name, StreamStateName::Paused);
    pair.client.send_command(1, "pause", vec![Value::Boolean(false), Value::Number(0.0)]);
    pair.client.send_command(1, "receiveVideo", vec![Value::Boolean(false)]);
    pair.run();
    let expected = [
        Event::Paused { message_stream_id: 1, paused: true },
        Event::Paused { message_stream_id: 1, paused: false },
        Event::ReceiveChanged { message_stream_id: 1, kind: MediaKind::Video, enabled: false },
    ];
    assert_eq!(pair.server_events, expected);
}

#[test]
fn two_streams_publish_on_one_connection() {
    let mut pair = Pair::new(config(Intent::Publish), 4096);
    pair.accept();
    pair.client.send_command(0, "createStream", vec![]);
    pair.client.send_command(2, "publish", vec![Value::string("cam~screen"), Value::string("live")]);
    pair.run();
    assert_eq!(pair.server.state().name, StateName::Deciding);
    assert!(pair.server.accept_publish(start(), 2));
    let states: Vec<_> = pair.server.streams().map(|s| (s.message_stream_id, s.name)).collect();
    assert_eq!(states, [(1, StreamStateName::Publishing), (2, StreamStateName::Publishing)]);
}

#[test]
fn closing_says_goodbye_on_every_stream() {
    for (intent, code) in
        [(Intent::Publish, "NetStream.Publish.Denied"), (Intent::Play, "NetStream.Play.UnpublishNotify")]
    {
        let mut pair = Pair::new(config(intent), 4096);
        pair.accept();
        pair.server.close(at(1), CloseReason::ServerShutdown);
        pair.server.close(at(2), CloseReason::ServerShutdown);
        pair.run();
        assert_eq!(
            pair.server.state(),
            rtmp_gateway_rtmp::session::server::State { name: StateName::Closed, since: at(1) }
        );
        assert!(!pair.server.wants_input());
        let has = |wanted: &str| {
            let is = |e: &ClientEvent| matches!(e, ClientEvent::Status { code, .. } if code == wanted);
            pair.client_events.iter().any(is)
        };
        assert!(has(code) && has("NetConnection.Connect.Closed"), "{:?}", pair.client_events);
        pair.server.handle_input(at(3), &[1, 2, 3]).unwrap();
        assert_eq!(drain(&mut pair.server), (vec![], vec![]));
    }
}

#[test]
fn sessions_can_move_between_threads() {
    fn send<T: Send>() {}
    send::<rtmp_gateway_rtmp::session::server::ServerSession>();
    send::<rtmp_gateway_rtmp::session::client::ClientSession>();
}
