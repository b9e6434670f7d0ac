// Runs in the page: a WHIP client that publishes the fake camera and microphone, or a signal made for measuring.
(() => {
  const wall = () => performance.timeOrigin + performance.now();

  /** A black picture that flashes white and a tone of 1 kHz, both for 100 ms at every full second of the audio clock. */
  async function flashAndBeep({ width = 640, height = 360, fps = 30 }) {
    const context = new AudioContext({ sampleRate: 48000 });
    await context.resume();
    const gain = new GainNode(context, { gain: 0 });
    const tone = new OscillatorNode(context, { frequency: 1000 });
    const output = context.createMediaStreamDestination();
    tone.connect(gain).connect(output);
    tone.start();
    for (let second = Math.ceil(context.currentTime); second < context.currentTime + 300; second++) {
      gain.gain.setValueAtTime(0.5, second);
      gain.gain.setValueAtTime(0, second + 0.1);
    }
    const canvas = document.createElement('canvas');
    Object.assign(canvas, { width, height });
    const picture = canvas.getContext('2d');
    let frame = 0;
    const timer = setInterval(() => {
      picture.fillStyle = context.currentTime % 1 < 0.1 ? 'white' : 'black';
      picture.fillRect(0, 0, width, height);
      // Something that moves, or the encoder may leave pictures out.
      picture.fillStyle = 'grey';
      picture.fillRect((frame++ * 8) % width, height - 16, 16, 16);
    }, 1000 / fps);
    const stream = canvas.captureStream(fps);
    stream.addTrack(output.stream.getAudioTracks()[0]);
    const stop = () => {
      clearInterval(timer);
      return context.close();
    };
    return { stream, stop };
  }

  async function fakeDevices({ width = 640, height = 360, fps = 30 }) {
    const stream = await navigator.mediaDevices.getUserMedia({
      audio: true,
      video: { width, height, frameRate: fps },
    });
    const stop = () => {
      for (const track of stream.getTracks()) track.stop();
    };
    return { stream, stop };
  }

  class Publisher {
    constructor() {
      this.events = {};
    }

    /** `options`: `{ source: 'signal' | 'devices', audio, video, codec: 'video/H264', width, height, fps }`. */
    async open(url, options = {}) {
      const { source = 'devices', audio = true, video = true, codec = 'video/H264' } = options;
      this.source = await (source === 'signal' ? flashAndBeep(options) : fakeDevices(options));
      this.pc = new RTCPeerConnection();
      this.pc.onconnectionstatechange = () => {
        this.events[this.pc.connectionState] ??= wall();
      };
      for (const track of this.source.stream.getTracks()) {
        if (!(track.kind === 'video' ? video : audio)) continue;
        const transceiver = this.pc.addTransceiver(track, { direction: 'sendonly' });
        if (track.kind !== 'video') continue;
        const { codecs } = RTCRtpSender.getCapabilities('video');
        const helpers = ['video/rtx', 'video/red', 'video/ulpfec'];
        transceiver.setCodecPreferences(
          codecs.filter((c) => c.mimeType === codec || helpers.includes(c.mimeType)),
        );
      }
      await this.pc.setLocalDescription();
      while (this.pc.iceGatheringState !== 'complete') {
        await new Promise((resolve) =>
          this.pc.addEventListener('icegatheringstatechange', resolve, { once: true }),
        );
      }
      this.events.posted = wall();
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/sdp' },
        body: this.pc.localDescription.sdp,
      });
      const body = await response.text();
      this.events.answered = wall();
      if (response.status !== 201) return { status: response.status, body };
      this.location = new URL(response.headers.get('location'), url).href;
      await this.pc.setRemoteDescription({ type: 'answer', sdp: body });
      return { status: 201, body, location: this.location };
    }

    async stats() {
      const out = { state: this.pc.connectionState };
      for (const entry of (await this.pc.getStats()).values()) {
        if (entry.type === 'outbound-rtp') out[entry.kind] = { ...entry };
      }
      return out;
    }

    /** Switches a kind of media off or on, as a mute button does. */
    enable(kind, on) {
      for (const track of this.source.stream.getTracks()) if (track.kind === kind) track.enabled = on;
    }

    async delete() {
      return (await fetch(this.location, { method: 'DELETE' })).status;
    }

    close() {
      this.pc.close();
      this.source.stop();
    }
  }

  window.Publisher = Publisher;
  window.flashAndBeep = flashAndBeep;
})();
