//! Datagrams from strangers and broken peers.

use super::link::{BROWSER, SERVER, address};
use super::*;
use crate::webrtc::crypto::identity;
use str0m::ice::{StunMessage, TransId};

fn check(username: &str, password: &str) -> Vec<u8> {
    let identity = identity().expect("identity");
    let hmac = |key: &[u8], parts: &[&[u8]]| identity.provider.sha1_hmac_provider.sha1_hmac(key, parts);
    let message = StunMessage::binding_request(username, TransId::new(), true, 1, 2, true);
    let mut buffer = vec![0; 512];
    let length = message.to_bytes(Some(password.as_bytes()), &mut buffer, hmac).expect("message");
    buffer.truncate(length);
    buffer
}

fn inject(world: &mut World, source: &str, datagram: &[u8]) {
    world.peers.handle_datagram(world.now, address(source), address(SERVER), None, datagram);
    world.flush_shard();
}

#[test]
fn hostile_50_checks_that_are_not_authentic_get_no_byte() {
    let mut world = World::connected(Link::new(ms(5)));
    let (ufrag, remote) = world.peers.credentials_of(world.id);
    world.sent.clear();
    for username in
        [format!("{ufrag}:{remote}"), format!("{ufrag}:x"), "nobody:x".to_owned(), ufrag.clone(), ":".to_owned()]
    {
        inject(&mut world, "198.51.100.9:53", &check(&username, "wrong password"));
    }
    assert!(world.sent.is_empty());
    assert!(world.peers.counters.rejected_checks >= 3);
}

#[test]
fn hostile_50_an_answer_is_not_larger_than_its_check() {
    let mut world = World::new(Link::new(ms(5)));
    let mut asked = 0;
    world.link.lose = Box::new(|_, _| true);
    world.run(ms(10));
    let (ufrag, remote, password) = world.peers.secrets_of(world.id);
    for _ in 0..10 {
        let check = check(&format!("{ufrag}:{remote}"), &password);
        asked += check.len();
        inject(&mut world, "198.51.100.9:53", &check);
    }
    let answered: usize = world.sent.iter().map(|(_, length)| length).sum();
    assert!(answered > 0 && answered <= asked, "{answered} bytes for {asked}");
}

#[test]
fn hostile_52_dtls_and_srtp_from_an_address_that_ice_has_not_validated_are_dropped() {
    let mut world = World::new(Link::new(ms(5)));
    // A ClientHello races the browser's from a third address.
    let mut hello = vec![22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 40, 1];
    hello.resize(53, 0);
    inject(&mut world, "198.51.100.9:4000", &hello);
    inject(&mut world, BROWSER, &hello);
    inject(&mut world, "198.51.100.9:4000", &[0x80; 100]);
    assert_eq!(world.peers.counters.unvalidated, 3);
    assert!(world.sent.is_empty());
    world.run(ms(500));
    assert!(world.browser.connected);
}

#[test]
fn hostile_54_and_56_broken_dtls_from_the_peer_costs_at_most_its_session() {
    for record in [&[22_u8, 0xfe, 0xfd][..], &[21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 255, 255], &[63; 1_400]] {
        for cut in 0..=record.len() {
            let mut world = World::connected(Link::new(ms(5)));
            inject(&mut world, BROWSER, &record[..cut]);
            world.push(&picture(50, 50, 1));
            world.run(ms(50));
            assert_eq!(world.peers.counters.panics, 0);
            if cut >= 60 {
                break;
            }
        }
    }
}

#[test]
fn hostile_62_and_63_unauthentic_srtp_of_every_length_is_dropped() {
    let mut world = World::connected(Link::new(ms(5)));
    for length in 0..=200_usize {
        for second in [72_u8, 200, 201, 205, 206, 96, 111, 0, 127] {
            let mut datagram = vec![0x80; length];
            if let Some(byte) = datagram.get_mut(1) {
                *byte = second;
            }
            inject(&mut world, BROWSER, &datagram);
        }
    }
    world.push(&picture(50, 50, 1));
    world.run(ms(50));
    assert_eq!((world.peers.counters.panics, world.video().count()), (0, 1));
}

#[test]
fn garbage_from_anywhere_is_counted_and_a_session_beside_it_loses_nothing() {
    let mut world = World::connected(Link::new(ms(5)));
    let mut state = 1_u64;
    for index in 0..2_000_u64 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let length = (state >> 40) as usize % 300;
        let datagram: Vec<u8> = (0..length).map(|i| (state >> (i % 56)) as u8 ^ i as u8).collect();
        let source = if index % 2 == 0 { BROWSER } else { "198.51.100.9:1" };
        inject(&mut world, source, &datagram);
    }
    for index in 50..60 {
        world.push(&picture(index, 50, 2));
        world.run(FRAME);
    }
    assert_eq!(world.video().count(), 20);
    assert!(world.peers.counters.garbage > 0 && world.peers.counters.panics == 0);
    assert!(world.ended().is_none());
}

#[test]
fn hostile_71_a_replayed_check_or_packet_changes_nothing() {
    let mut world = World::connected(Link::new(ms(5)));
    let seen = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
    let tap = seen.clone();
    world.link.lose = Box::new(move |to_browser, bytes| {
        if !to_browser {
            tap.borrow_mut().push(bytes.to_vec());
        }
        false
    });
    world.push(&picture(50, 50, 5));
    world.run(ms(5_000));
    let datagrams = seen.borrow().clone();
    assert!(!datagrams.is_empty());
    for datagram in datagrams.iter().filter(|d| d[0] >= 20) {
        inject(&mut world, BROWSER, datagram);
    }
    world.push(&picture(51, 50, 5));
    world.run(ms(50));
    assert_eq!(world.video().count(), 10);
    assert!(world.ended().is_none());
}
