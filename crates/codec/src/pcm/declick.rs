//! Makes the joint between two unrelated stretches of PCM continuous, so that a change of source does not click.

/// How long the step at a joint takes to fade, as a part of a second: 5 ms, long enough that its spectrum stays low, too
/// short to be heard as a fade.
const FADE_RATE: u32 = 200;

/// Remembers the last sample of each channel; at a joint it adds the step to the new signal and fades it out.
#[derive(Debug)]
pub struct Declicker {
    /// Length of a fade in frames.
    fade: usize,
    last: [f32; 2],
    step: [f32; 2],
    /// Frames of the fade that are still to come.
    left: usize,
    joint: bool,
}

impl Declicker {
    /// A declicker for `sample_rate` Hz whose past is silence; the first block is a joint, so a stream fades in.
    pub fn new(sample_rate: u32) -> Self {
        let fade = (sample_rate / FADE_RATE).max(1) as usize;
        Self { fade, last: [0.0; 2], step: [0.0; 2], left: 0, joint: true }
    }

    /// Says that the next block does not continue the one before.
    pub fn mark_joint(&mut self) {
        self.joint = true;
    }

    /// Smooths `pcm` (interleaved, `channels` 1 or 2) in place.
    pub fn process(&mut self, pcm: &mut [f32], channels: u8) {
        let channels = usize::from(channels.clamp(1, 2));
        if pcm.len() < channels {
            return;
        }
        if self.joint {
            self.joint = false;
            self.left = self.fade;
            for (channel, first) in pcm.iter().take(channels).enumerate() {
                self.step[channel] = self.last[channel] - first;
            }
        }
        for frame in pcm.chunks_exact_mut(channels) {
            if self.left == 0 {
                break;
            }
            let phase = self.left as f32 / self.fade as f32;
            let gain = 0.5 - 0.5 * (std::f32::consts::PI * phase).cos();
            self.left -= 1;
            for (channel, sample) in frame.iter_mut().enumerate() {
                *sample += self.step[channel] * gain;
            }
        }
        if let Some(frame) = pcm.rchunks_exact(channels).next() {
            self.last[..channels].copy_from_slice(frame);
            if channels == 1 {
                self.last[1] = self.last[0];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_becomes_a_slope() {
        let mut declicker = Declicker::new(48_000);
        let mut signal = vec![0.8_f32; 480];
        declicker.process(&mut signal, 1);
        let mut second = vec![-0.8_f32; 480];
        declicker.mark_joint();
        declicker.process(&mut second, 1);
        assert_eq!(signal[0], 0.0);
        signal.extend(second);
        let largest = signal.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max);
        assert!(largest < 0.012, "largest step {largest}");
        assert_eq!(*signal.last().expect("not empty"), -0.8);
    }

    #[test]
    fn without_a_joint_nothing_changes() {
        let mut declicker = Declicker::new(48_000);
        let mut quiet = vec![0.0; 960];
        declicker.process(&mut quiet, 2);
        let mut signal: Vec<f32> = (0..960).map(|i| i as f32).collect();
        let before = signal.clone();
        declicker.process(&mut signal, 2);
        assert_eq!(signal, before);
        declicker.process(&mut [], 2);
    }
}
