//! A queue of interleaved PCM that turns one frame size into another: AAC's 1,024 (ISO/IEC 14496-3) and Opus's 960.

/// A first-in, first-out queue of interleaved PCM of a fixed channel count.
#[derive(Debug)]
pub struct SampleFifo {
    samples: Vec<f32>,
    /// Samples at the front of `samples` that were taken already.
    taken: usize,
    channels: u8,
}

impl SampleFifo {
    /// An empty queue of `channels` (0 is taken as 1).
    pub fn new(channels: u8) -> Self {
        Self { samples: Vec::new(), taken: 0, channels: channels.max(1) }
    }

    /// The channel count.
    pub fn channels(&self) -> u8 {
        self.channels
    }

    /// Samples of each channel that are queued.
    pub fn frames(&self) -> usize {
        (self.samples.len() - self.taken) / usize::from(self.channels)
    }

    /// Queues interleaved `pcm`.
    pub fn push(&mut self, pcm: &[f32]) {
        // Moving the rest to the front only when it is small keeps this linear over the stream.
        if self.taken > 0 && self.taken >= self.samples.len() / 2 {
            self.samples.drain(..self.taken);
            self.taken = 0;
        }
        self.samples.extend_from_slice(pcm);
    }

    /// The oldest `frames` samples of each channel, or `None` when fewer are queued.
    pub fn pop(&mut self, frames: usize) -> Option<&[f32]> {
        let length = frames.checked_mul(usize::from(self.channels))?;
        let end = self.taken.checked_add(length)?;
        let block = self.samples.get(self.taken..end)?;
        self.taken = end;
        Some(block)
    }

    /// Drops everything and takes `channels` from now on.
    pub fn reset(&mut self, channels: u8) {
        *self = Self::new(channels);
    }

    /// Takes everything that is queued.
    pub fn take_all(&mut self) -> Vec<f32> {
        let mut samples = std::mem::take(&mut self.samples);
        samples.drain(..self.taken);
        self.taken = 0;
        samples
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frame_sizes_change_and_nothing_is_lost_or_doubled() {
        let mut fifo = SampleFifo::new(2);
        let (mut next_in, mut next_out) = (0_u32, 0_u32);
        for _ in 0..1_000 {
            let block: Vec<f32> = (0..2_048).map(|i| (next_in + i) as f32).collect();
            next_in += 2_048;
            fifo.push(&block);
            while let Some(block) = fifo.pop(960) {
                assert_eq!(block.len(), 1_920);
                for &sample in block {
                    assert_eq!(sample, next_out as f32);
                    next_out += 1;
                }
            }
            assert!(fifo.frames() < 960);
            assert!(fifo.samples.capacity() <= 16_384, "the queue does not grow");
        }
        assert_eq!(fifo.take_all().len() as u32, next_in - next_out);
        assert_eq!(fifo.frames(), 0);
    }
}
