// Runs in the page: when does a flash show and when is its beep heard? For the signal of `publisher.js` and of FFmpeg.
(() => {
  const WORKLET = `
    registerProcessor('onsets', class extends AudioWorkletProcessor {
      constructor() { super(); this.quiet = 1e9; }
      process([[samples]]) {
        if (!samples) return true;
        for (let i = 0; i < samples.length; i++) {
          if (Math.abs(samples[i]) < 0.1) { this.quiet++; continue; }
          if (this.quiet > sampleRate / 4) this.port.postMessage((currentFrame + i) / sampleRate);
          this.quiet = 0;
        }
        return true;
      }
    });`;

  /** Watches `element` for `seconds`; resolves to the times in ms (performance.now) of flashes and beeps. */
  async function flashesAndBeeps(element, seconds) {
    const flashes = [];
    const beeps = [];
    const context = new AudioContext();
    await context.resume();
    await context.audioWorklet.addModule(
      URL.createObjectURL(new Blob([WORKLET], { type: 'text/javascript' })),
    );
    const onsets = new AudioWorkletNode(context, 'onsets');
    onsets.port.onmessage = ({ data }) => {
      const { contextTime, performanceTime } = context.getOutputTimestamp();
      beeps.push(performanceTime + (data - contextTime) * 1000);
    };
    context.createMediaStreamSource(new MediaStream(element.srcObject.getAudioTracks())).connect(onsets);
    onsets.connect(context.destination);

    const pixel = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
    let bright = true; // the first picture may be in the middle of a flash
    let running = true;
    const onFrame = (_, meta) => {
      pixel.drawImage(element, 16, 16, 16, 16, 0, 0, 1, 1);
      const light = pixel.getImageData(0, 0, 1, 1).data[1] > 128;
      if (light && !bright) flashes.push(meta.expectedDisplayTime);
      bright = light;
      if (running) element.requestVideoFrameCallback(onFrame);
    };
    element.requestVideoFrameCallback(onFrame);
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    running = false;
    await context.close();
    return { flashes, beeps };
  }

  /** What the meter itself says of a signal that went over no network: its own error, to be subtracted. */
  async function calibrateSync(seconds) {
    const { stream, stop } = await window.flashAndBeep({});
    const element = document.createElement('video');
    Object.assign(element, { autoplay: true, muted: true, srcObject: stream });
    document.body.append(element);
    const result = await flashesAndBeeps(element, seconds);
    stop();
    element.remove();
    return result;
  }

  window.flashesAndBeeps = flashesAndBeeps;
  window.calibrateSync = calibrateSync;
})();
