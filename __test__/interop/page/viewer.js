// Runs in the page: a WHEP client that measures what it gets. A plain script, because functions that are compiled on their
// way into a page would carry helpers of the compiler along that the page does not have.
(() => {
  const wall = () => performance.timeOrigin + performance.now();

  /** Reads the frame number that `frame-code.ts` drew into the picture; -1 when the picture carries none. */
  function readFrameNumber(context, source, width, code) {
    const { bits, cell, top } = code;
    context.drawImage(source, 0, top, width, cell, 0, 0, width, cell);
    const row = context.getImageData(0, cell >> 1, width, 1).data;
    const bit = (i) => (row[(i * cell + (cell >> 1)) * 4 + 1] > 128 ? 1 : 0);
    let value = 0;
    let check = 0;
    for (let i = 0; i < bits; i++) value = value * 2 + bit(i);
    for (let i = 0; i < 8; i++) check = check * 2 + bit(bits + i);
    return ((value ^ (value >> 8) ^ 0xa5) & 0xff) === check ? value : -1;
  }

  class Viewer {
    constructor() {
      this.frames = [];
      this.events = {};
      this.etag = null;
      this.location = null;
    }

    /** Makes the offer, posts it, applies the answer. `options`: `{ audio, video, code, trickle }`. */
    async open(url, options = {}) {
      const { audio = true, video = true, code, trickle = false } = options;
      this.pc = new RTCPeerConnection();
      this.element = document.createElement('video');
      Object.assign(this.element, { autoplay: true, playsInline: true, muted: true });
      document.body.append(this.element);
      this.element.srcObject = new MediaStream();
      this.pc.ontrack = ({ track }) => this.element.srcObject.addTrack(track);
      this.pc.onconnectionstatechange = () => {
        this.events[this.pc.connectionState] ??= wall();
      };
      const candidates = [];
      this.pc.onicecandidate = ({ candidate }) => candidate && candidates.push(candidate);
      if (video) this.pc.addTransceiver('video', { direction: 'recvonly' });
      if (audio) this.pc.addTransceiver('audio', { direction: 'recvonly' });
      if (video) this.watch(code);
      await this.pc.setLocalDescription();
      if (!trickle) await this.gathered();
      this.events.posted = wall();
      const sdp = trickle
        ? this.pc.localDescription.sdp.replace(/^a=(candidate|end-of-candidates).*\r\n/gm, '')
        : this.pc.localDescription.sdp;
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/sdp' },
        body: sdp,
      });
      const body = await response.text();
      this.events.answered = wall();
      if (response.status !== 201) return { status: response.status, body };
      this.location = new URL(response.headers.get('location'), url).href;
      this.etag = response.headers.get('etag');
      await this.pc.setRemoteDescription({ type: 'answer', sdp: body });
      if (trickle) await this.gathered();
      return {
        status: 201,
        body,
        location: this.location,
        etag: this.etag,
        candidates: candidates.map((c) => c.candidate),
      };
    }

    async gathered() {
      while (this.pc.iceGatheringState !== 'complete') {
        await new Promise((resolve) =>
          this.pc.addEventListener('icegatheringstatechange', resolve, { once: true }),
        );
      }
    }

    /** Notes each presented frame: wall-clock time, RTP timestamp, frame number. */
    watch(code) {
      let context;
      const onFrame = (_, meta) => {
        const at = wall();
        let number = null;
        if (code) {
          if (!context || context.canvas.width !== meta.width) {
            const canvas = new OffscreenCanvas(meta.width, code.cell);
            context = canvas.getContext('2d', { willReadFrequently: true });
          }
          number = readFrameNumber(context, this.element, meta.width, code);
        }
        this.frames.push({ at, number, rtp: meta.rtpTimestamp, presented: meta.presentedFrames });
        this.element.requestVideoFrameCallback(onFrame);
      };
      this.element.requestVideoFrameCallback(onFrame);
    }

    /** The numbers of getStats() that tests look at. */
    async stats() {
      const out = {
        state: this.pc.connectionState,
        width: this.element.videoWidth,
        height: this.element.videoHeight,
      };
      for (const entry of (await this.pc.getStats()).values()) {
        if (entry.type === 'inbound-rtp') out[entry.kind] = { ...entry };
        if (entry.type === 'candidate-pair' && entry.nominated) out.pair = { ...entry };
      }
      return out;
    }

    /** The strongest frequency of the received sound, and how far it stands out: `{ hz, db, floorDb }`. */
    async tone(seconds = 2) {
      const context = new AudioContext();
      await context.resume();
      const analyser = new AnalyserNode(context, { fftSize: 16384, smoothingTimeConstant: 0.3 });
      context
        .createMediaStreamSource(new MediaStream(this.element.srcObject.getAudioTracks()))
        .connect(analyser);
      analyser.connect(context.destination);
      await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
      const bins = new Float32Array(analyser.frequencyBinCount);
      analyser.getFloatFrequencyData(bins);
      let peak = 1;
      for (let i = 1; i < bins.length; i++) if (bins[i] > bins[peak]) peak = i;
      const sorted = Float32Array.from(bins).sort();
      const result = {
        hz: (peak * context.sampleRate) / analyser.fftSize,
        db: bins[peak],
        floorDb: Math.max(sorted[sorted.length >> 1], -200),
      };
      await context.close();
      return result;
    }

    /** One PATCH with an SDP fragment. */
    async patch(fragment, headers = {}) {
      const response = await fetch(this.location, {
        method: 'PATCH',
        headers: { 'content-type': 'application/trickle-ice-sdpfrag', ...headers },
        body: fragment,
      });
      return { status: response.status, etag: response.headers.get('etag'), body: await response.text() };
    }

    /** Sends this side's candidates as a trickle fragment. */
    trickle() {
      const sdp = this.pc.localDescription.sdp;
      const credentials = sdp
        .match(/^a=ice-(ufrag|pwd):.*$/gm)
        .slice(0, 2)
        .join('\r\n');
      const media = sdp.match(/^m=.*$/m)[0];
      const mid = sdp.match(/^a=mid:.*$/m)[0];
      const candidates = (sdp.match(/^a=candidate:.*$/gm) ?? []).join('\r\n');
      const fragment = `${credentials}\r\n${media}\r\n${mid}\r\n${candidates}\r\na=end-of-candidates\r\n`;
      return this.patch(fragment, { 'if-match': this.etag });
    }

    /** An ICE restart by PATCH; the answer's credentials and candidates replace the old ones. */
    async restartIce() {
      const before = /^a=ice-ufrag:(.*)$/m.exec(this.pc.remoteDescription.sdp)[1].trim();
      const oldAnswer = this.pc.remoteDescription.sdp;
      await this.pc.setLocalDescription(await this.pc.createOffer({ iceRestart: true }));
      await this.gathered();
      const sdp = this.pc.localDescription.sdp;
      const line = (name) => sdp.match(new RegExp(`^a=${name}:.*$`, 'm'))[0];
      const candidates = (sdp.match(/^a=candidate:.*$/gm) ?? []).join('\r\n');
      const media = sdp.match(/^m=.*$/m)[0];
      const answer = await this.patch(
        `${line('ice-ufrag')}\r\n${line('ice-pwd')}\r\n${media}\r\n${line('mid')}\r\n${candidates}\r\na=end-of-candidates\r\n`,
        { 'if-match': '*' },
      );
      if (answer.status !== 200) return answer;
      const fresh = (name) => new RegExp(`^a=${name}:.*$`, 'm').exec(answer.body)[0].trim();
      let remote = oldAnswer
        .replace(/^a=ice-ufrag:.*$/gm, fresh('ice-ufrag'))
        .replace(/^a=ice-pwd:.*$/gm, fresh('ice-pwd'));
      const offered = answer.body.match(/^a=candidate:.*$/gm);
      if (offered) {
        remote = remote.replace(/^a=(candidate:|end-of-candidates).*\r\n/gm, '');
        remote = remote
          .replace(/^(m=.*\r\n)/m, `$1`)
          .replace(/(a=ice-pwd:.*\r\n)/, `$1${offered.map((l) => l.trim()).join('\r\n')}\r\n`);
      }
      await this.pc.setRemoteDescription({ type: 'answer', sdp: remote });
      return { ...answer, before, after: fresh('ice-ufrag').slice('a=ice-ufrag:'.length) };
    }

    async delete() {
      return (await fetch(this.location, { method: 'DELETE' })).status;
    }

    close() {
      this.pc.close();
      this.element.remove();
    }
  }

  window.Viewer = Viewer;
})();
