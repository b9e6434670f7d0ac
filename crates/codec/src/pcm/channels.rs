//! Mono and stereo from each other (ITU-R BS.775 down-mix of two channels: the mean, which cannot clip).

/// Appends `input` (interleaved, `from` channels) to `output` as `to` channels; both are 1 or 2.
///
/// Stereo becomes mono as the mean of both; mono becomes stereo as two equal channels. An incomplete last frame of
/// `input` is left out. Other channel counts append nothing.
pub fn convert_channels(input: &[f32], from: u8, to: u8, output: &mut Vec<f32>) {
    match (from, to) {
        (1, 1) => output.extend_from_slice(input),
        (2, 2) => output.extend(input.as_chunks::<2>().0.iter().flatten()),
        (1, 2) => output.extend(input.iter().flat_map(|&sample| [sample, sample])),
        (2, 1) => output.extend(input.as_chunks::<2>().0.iter().map(|[left, right]| 0.5 * (left + right))),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn converted(input: &[f32], from: u8, to: u8) -> Vec<f32> {
        let mut output = Vec::new();
        convert_channels(input, from, to, &mut output);
        output
    }

    #[test]
    fn both_directions_and_the_odd_sample() {
        assert_eq!(converted(&[0.5, -0.5, 1.0], 2, 1), [0.0]);
        assert_eq!(converted(&[0.25, 1.0], 1, 2), [0.25, 0.25, 1.0, 1.0]);
        assert_eq!(converted(&[0.1, 0.2, 0.3], 2, 2), [0.1, 0.2]);
        assert_eq!(converted(&[0.1, 0.2], 0, 2), [0.0; 0]);
    }
}
