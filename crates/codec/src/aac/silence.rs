//! An access unit with no spectrum at all (ISO/IEC 14496-3 section 4.4.2): decoding it lets the last frame's window ring
//! out, the smoothest silence that a decoder without concealment has.

/// The access unit of silence for 1 or 2 channels.
///
/// One single channel element or channel pair element with `global_gain` 0, one long window and `max_sfb` 0, then the
/// end marker:
/// mono: `000 0000 | 00000000 | 0 00 0 000000 0 | 0 0 0 | 111`;
/// stereo: `001 0000 1 | 0 00 0 000000 0 | 00` (common window, no M/S), two channels of `00000000 | 0 0 0`, `111`.
pub(super) const fn access_unit(channels: u8) -> &'static [u8] {
    if channels == 1 { &[0, 0, 0, 0b0000_0111] } else { &[0b0010_0001, 0, 0, 0, 0, 0b0001_1100] }
}
