//! The current group of pictures of a stream, kept so that a late joiner starts at once.

use rtmp_gateway_media::TrackKind;
use std::collections::VecDeque;

/// Items kept at most: a publisher that never sends another keyframe must not grow the cache (SRS #3236 class).
pub(crate) const MAX_GOP_ITEMS: usize = 2_500;
/// Payload bytes kept at most, for the same reason; about 10 s of 12 Mb/s video.
pub(crate) const MAX_GOP_BYTES: usize = 16 * 1024 * 1024;

/// What the cache needs to know of an item.
pub(crate) trait GopItem {
    fn kind(&self) -> TrackKind;
    fn keyframe(&self) -> bool;
    fn length(&self) -> usize;
}

/// Units since the last keyframe, audio among them. Empty until the first keyframe, and after an overflow until the next.
pub(crate) struct GopCache<T> {
    items: VecDeque<T>,
    bytes: usize,
    /// Times a group of pictures was too long to keep.
    pub(crate) overflows: u64,
}

impl<T: GopItem> GopCache<T> {
    pub(crate) fn new() -> Self {
        Self { items: VecDeque::new(), bytes: 0, overflows: 0 }
    }

    /// Takes a unit in decode order.
    pub(crate) fn push(&mut self, item: T) {
        let video = item.kind() == TrackKind::Video;
        if video && item.keyframe() {
            self.clear();
        } else if self.items.is_empty() {
            return;
        }
        let length = item.length();
        if self.items.len() >= MAX_GOP_ITEMS || self.bytes + length > MAX_GOP_BYTES {
            self.overflows += 1;
            self.clear();
            return;
        }
        self.bytes += length;
        self.items.push_back(item);
    }

    pub(crate) fn clear(&mut self) {
        self.items.clear();
        self.bytes = 0;
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.items.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fake(TrackKind, bool, usize);
    impl GopItem for Fake {
        fn kind(&self) -> TrackKind {
            self.0
        }
        fn keyframe(&self) -> bool {
            self.1
        }
        fn length(&self) -> usize {
            self.2
        }
    }

    #[test]
    fn starts_at_a_keyframe_and_restarts_at_the_next() {
        let mut gop = GopCache::new();
        gop.push(Fake(TrackKind::Audio, true, 1));
        gop.push(Fake(TrackKind::Video, false, 1));
        assert_eq!(gop.iter().count(), 0, "nothing before a keyframe");
        gop.push(Fake(TrackKind::Video, true, 1));
        gop.push(Fake(TrackKind::Audio, true, 1));
        gop.push(Fake(TrackKind::Video, false, 1));
        assert_eq!(gop.iter().count(), 3);
        gop.push(Fake(TrackKind::Video, true, 1));
        assert_eq!(gop.iter().count(), 1);
    }

    #[test]
    fn hostile_44_no_second_keyframe_is_bounded_in_items_and_bytes() {
        let mut gop = GopCache::new();
        gop.push(Fake(TrackKind::Video, true, 1));
        for _ in 0..MAX_GOP_ITEMS * 2 {
            gop.push(Fake(TrackKind::Video, false, 1));
            assert!(gop.items.len() <= MAX_GOP_ITEMS);
        }
        assert_eq!((gop.iter().count(), gop.overflows), (0, 1));
        gop.push(Fake(TrackKind::Video, true, MAX_GOP_BYTES));
        gop.push(Fake(TrackKind::Video, false, 1));
        assert_eq!((gop.iter().count(), gop.overflows), (0, 2));
        gop.push(Fake(TrackKind::Video, true, MAX_GOP_BYTES + 1));
        assert_eq!(gop.iter().count(), 0, "a keyframe larger than the cache is not kept");
    }
}
