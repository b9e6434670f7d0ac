//! Any sample rate to 48 kHz, in whatever block sizes come (FFT resampling by `rubato`); the delay is trimmed off.

use crate::CodecError;
use crate::pcm::{PcmSpec, SAMPLE_RATE, SampleFifo};
use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Resampler as _};

/// FFT block in input frames by rate: long enough for a steep filter, short enough that it holds back some ms only (27 at
/// 7,350 Hz, 7 at 44.1 kHz). An even multiple, because the filter of an odd block is off by half an input sample.
fn block(rate: u32) -> usize {
    let wanted: u32 = if rate < 32_000 { 128 } else { 256 };
    let unit = rate / greatest_common_divisor(rate, SAMPLE_RATE);
    let blocks = wanted.div_ceil(unit);
    (if (unit * blocks).is_multiple_of(2) { unit * blocks } else { unit * (blocks + 1) }) as usize
}
/// Input rates that are taken, in Hz: all of MPEG-4's table lie inside. A prime rate would make a huge FFT, so rates
/// must also share a divisor with 48 kHz, see [`MAXIMUM_BLOCK`].
const RATES: std::ops::RangeInclusive<u32> = 7_350..=96_000;
/// Largest reduced block in frames that is accepted (attack: a 24-bit rate in an AudioSpecificConfig that is coprime to
/// 48,000 would cost a FFT of seconds of audio).
const MAXIMUM_BLOCK: u32 = 2_048;

/// Resamples one stream of interleaved PCM to 48 kHz.
///
/// Output sample 0 is at the time of input sample 0: the filter's delay is cut from the start, so time is a matter of
/// counting. At 48 kHz it passes samples through.
pub struct Resampler {
    rate: u32,
    channels: u8,
    fft: Option<FftState>,
    /// Input samples of each channel since the start.
    frames_in: u64,
    /// Output samples of each channel since the start.
    frames_out: u64,
}

struct FftState {
    fft: Fft<f32>,
    pending: SampleFifo,
    block: Vec<f32>,
    /// Output frames at the start that are the filter's delay, still to be cut.
    trim: usize,
    /// The last sample of each channel, to go on with when the stream ends.
    last: [f32; 2],
}

impl std::fmt::Debug for Resampler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Resampler").field("rate", &self.rate).field("channels", &self.channels).finish_non_exhaustive()
    }
}

impl Resampler {
    /// A resampler from `rate` Hz and `channels` (1 or 2).
    ///
    /// # Errors
    /// [`CodecError::Unsupported`] for a rate outside 7,350 to 96,000 Hz or one without a common divisor with 48 kHz, and
    /// for other channel counts.
    pub fn new(rate: u32, channels: u8) -> Result<Self, CodecError> {
        Self::check(rate)?;
        if !(1..=2).contains(&channels) {
            return Err(CodecError::unsupported(format!("{channels} channels (1 or 2 are)")));
        }
        let fft = if rate == SAMPLE_RATE { None } else { Some(FftState::new(rate, channels)?) };
        Ok(Self { rate, channels, fft, frames_in: 0, frames_out: 0 })
    }

    /// Whether `rate` Hz can be resampled.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn check(rate: u32) -> Result<(), CodecError> {
        if !RATES.contains(&rate) || rate / greatest_common_divisor(rate, SAMPLE_RATE) > MAXIMUM_BLOCK {
            return Err(CodecError::unsupported(format!("a sample rate of {rate} Hz")));
        }
        Ok(())
    }

    /// Whether PCM of this shape continues the stream.
    pub fn takes(&self, spec: PcmSpec) -> bool {
        self.rate == spec.sample_rate && self.channels == spec.channels
    }

    /// The input rate in Hz.
    pub fn rate(&self) -> u32 {
        self.rate
    }

    /// The channel count, in and out.
    pub fn channels(&self) -> u8 {
        self.channels
    }

    /// Resamples `input`, appending what is ready to `output`; at most one block (some ms) stays inside.
    ///
    /// # Errors
    /// [`CodecError::Library`] when the resampler refuses, which would be a bug of ours.
    pub fn process(&mut self, input: &[f32], output: &mut Vec<f32>) -> Result<(), CodecError> {
        let channels = usize::from(self.channels);
        let before = output.len();
        match &mut self.fft {
            None => output.extend_from_slice(input),
            Some(state) => state.process(input, self.channels, output)?,
        }
        self.frames_in = self.frames_in.saturating_add((input.len() / channels) as u64);
        self.frames_out = self.frames_out.saturating_add(((output.len() - before) / channels) as u64);
        Ok(())
    }

    /// Ends the stream: appends what is still inside, so that input and output have lasted equally long to the sample.
    ///
    /// # Errors
    /// As [`process`](Self::process).
    pub fn finish(&mut self, output: &mut Vec<f32>) -> Result<(), CodecError> {
        let Some(state) = &mut self.fft else { return Ok(()) };
        let channels = usize::from(self.channels);
        let due = u128::from(self.frames_in) * u128::from(SAMPLE_RATE) / u128::from(self.rate);
        let missing = (due.saturating_sub(u128::from(self.frames_out))) as usize;
        let end = output.len() + missing * channels;
        // The last sample goes on: silence would be a step, whose ringing would reach back into the stream's end.
        let padding: Vec<f32> = std::iter::repeat_n(&state.last[..channels], state.fft.input_frames_next())
            .flat_map(|frame| frame.iter().copied())
            .collect();
        while output.len() < end {
            state.process(&padding, self.channels, output)?;
        }
        output.truncate(end);
        *self = Self::new(self.rate, self.channels)?;
        Ok(())
    }
}

impl FftState {
    fn new(rate: u32, channels: u8) -> Result<Self, CodecError> {
        let fft = Fft::new(rate as usize, SAMPLE_RATE as usize, block(rate), usize::from(channels), FixedSync::Both)
            .map_err(|_| CodecError::Library { library: "rubato", call: "Fft::new", code: i64::from(rate) })?;
        let block = vec![0.0; fft.output_frames_max() * usize::from(channels)];
        let trim = fft.output_delay();
        Ok(Self { fft, pending: SampleFifo::new(channels), block, trim, last: [0.0; 2] })
    }

    fn process(&mut self, input: &[f32], channels: u8, output: &mut Vec<f32>) -> Result<(), CodecError> {
        let channels = usize::from(channels);
        let failed = |call| move |_| CodecError::Library { library: "rubato", call, code: 0 };
        let size = |_| CodecError::Library { library: "rubato", call: "InterleavedSlice::new", code: 0 };
        self.pending.push(input);
        if let Some(frame) = input.rchunks_exact(channels).next() {
            self.last[..channels].copy_from_slice(frame);
        }
        loop {
            let (frames_in, frames_out) = (self.fft.input_frames_next(), self.fft.output_frames_next());
            let Some(block) = self.pending.pop(frames_in) else { return Ok(()) };
            let source = InterleavedSlice::new(block, channels, frames_in).map_err(size)?;
            let mut target = InterleavedSlice::new_mut(&mut self.block, channels, frames_out).map_err(size)?;
            let (_, written) =
                self.fft.process_into_buffer(&source, &mut target, None).map_err(failed("process_into_buffer"))?;
            let cut = self.trim.min(written);
            self.trim -= cut;
            output.extend_from_slice(&self.block[cut * channels..written * channels]);
        }
    }
}

fn greatest_common_divisor(mut a: u32, mut b: u32) -> u32 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(rate: u32, frames: usize) -> Vec<f32> {
        (0..frames).map(|i| (440.0 * std::f64::consts::TAU * i as f64 / f64::from(rate)).sin() as f32 * 0.5).collect()
    }

    #[test]
    fn every_mpeg_rate_keeps_time_and_shape() {
        for rate in
            [7_350, 8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 64_000, 88_200, 96_000]
        {
            let mut resampler = Resampler::new(rate, 1).expect("a rate of the table");
            let input = sine(rate, rate as usize);
            let mut output = Vec::new();
            for block in input.chunks(1_024) {
                resampler.process(block, &mut output).expect("resamples");
            }
            resampler.finish(&mut output).expect("finishes");
            assert_eq!(output.len(), 48_000, "{rate}");
            let expected = sine(48_000, 48_000);
            // The first and last milliseconds lack the filter's neighbours.
            let (mut signal, mut noise) = (0.0_f64, 0.0_f64);
            for (got, want) in output.iter().zip(&expected).skip(4_800).take(38_400) {
                signal += f64::from(*want).powi(2);
                noise += f64::from(got - want).powi(2);
            }
            let ratio = 10.0 * (signal / noise.max(1e-30)).log10();
            assert!(ratio > 90.0, "{rate} Hz: {ratio} dB");
        }
    }

    #[test]
    fn stereo_channels_stay_apart() {
        let mut resampler = Resampler::new(44_100, 2).expect("supported");
        let input: Vec<f32> = sine(44_100, 4_410).into_iter().flat_map(|sample| [sample, 0.0]).collect();
        let mut output = Vec::new();
        resampler.process(&input, &mut output).expect("resamples");
        resampler.finish(&mut output).expect("finishes");
        assert_eq!(output.len(), 9_600);
        assert!(output.iter().skip(1).step_by(2).all(|sample| sample.abs() < 1e-6));
    }

    #[test]
    fn absurd_shapes_are_refused() {
        for (rate, channels) in
            [(0, 1), (1, 1), (47_999, 2), (7_349, 1), (96_001, 1), (16_777_215, 2), (48_000, 0), (48_000, 8)]
        {
            assert!(matches!(Resampler::new(rate, channels), Err(CodecError::Unsupported { .. })), "{rate} {channels}");
        }
    }
}
