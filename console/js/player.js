/** The stage: one video element, what it plays, and what can be done with it. */
import { ApiError } from './api.js';
import { copyLine } from './copy.js';
import { element, ICONS, icon } from './dom.js';
import { bitrate } from './format.js';
import { StatsSampler } from './receiver-stats.js';
import { WhepSession } from './whep.js';

/** Pauses between attempts; the last repeats. */
const RETRY_MS = [500, 1_000, 2_000, 5_000];
const STATS_MS = 1_000;
const STALLED_SAMPLES = 3;

/** Errors that trying again does not mend. */
const FINAL_CODES = new Set(['GW_NO_COMMON_CODEC', 'GW_NAME_INVALID', 'GW_SDP_INVALID', 'GW_SDP_INSECURE']);

/** @param {import('./urls.js').UrlGroup} group */
function urlGroup({ title, lines, open }) {
  const copyLines = lines.map(({ label, text }) => copyLine(label, text));
  return element(
    'details',
    { open },
    element('summary', {}, title),
    element('div', { class: 'urls' }, ...copyLines),
  );
}

/** @typedef {'idle' | 'connecting' | 'playing' | 'failed'} PlayerState */

export class Player {
  /** @param {(stream: { room: string, name: string } | undefined) => void} onChange */
  constructor(onChange) {
    this.onChange = onChange;
    /** @type {{ room: string, name: string } | undefined} */
    this.stream = undefined;
    /** @type {WhepSession | undefined} */
    this.session = undefined;
    /** Counts what was asked for, so that late answers to earlier requests are dropped. */
    this.attempt = 0;
    this.failures = 0;
    this.silentSamples = 0;

    this.video = element('video', { playsinline: true, 'data-state': 'idle', 'aria-label': 'Stream' });
    this.video.muted = true;
    this.video.addEventListener('playing', () => this.#setState('playing'));

    this.message = element('p', { class: 'stage-message', role: 'status' });
    this.unmuteButton = element(
      'button',
      { class: 'button primary unmute', type: 'button', 'data-action': 'unmute', hidden: true },
      icon(ICONS.muted),
      'Click for sound',
    );
    this.unmuteButton.addEventListener('click', () => this.setMuted(false));
    this.soundButton = this.#control('sound', 'Sound on or off (M)', () => this.setMuted(!this.video.muted));
    this.fullButton = this.#control('full', 'Full screen (F)', () => this.toggleFullScreen());
    this.stopButton = this.#control('stop', 'Stop', () => this.stop());
    this.title = element('h2', { class: 'stage-title' });
    this.stats = element('p', { class: 'stage-stats' });
    this.controls = element(
      'div',
      { class: 'stage-controls' },
      this.soundButton,
      this.fullButton,
      this.stopButton,
    );
    this.screen = element('div', { class: 'screen' }, this.video, this.message, this.unmuteButton);
    this.bar = element(
      'div',
      { class: 'stage-bar' },
      element('div', { class: 'stage-text' }, this.title, this.stats),
      this.controls,
    );
    this.urls = element('div', { class: 'url-groups', hidden: true });
    this.view = [this.screen, this.bar, this.urls];

    document.addEventListener('keydown', (event) => this.#onKey(event));
    addEventListener('pagehide', () => this.session?.close());
    setInterval(() => void this.#showStats(), STATS_MS);
    this.#setState('idle');
  }

  /**
   * @param {keyof typeof ICONS} name
   * @param {string} label
   * @param {() => void} action
   */
  #control(name, label, action) {
    const attributes = {
      class: 'button quiet',
      type: 'button',
      'aria-label': label,
      title: label,
      click: action,
    };
    return element('button', { ...attributes, 'data-action': name }, icon(ICONS[name]));
  }

  /**
   * Plays a stream, from now until it is stopped: waits for it when it is not there, comes back when it is lost.
   *
   * @param {{ room: string, name: string }} stream
   * @param {import('./urls.js').UrlGroup[]} urls to show below
   */
  play(stream, urls) {
    this.stop();
    this.stream = stream;
    this.failures = 0;
    this.sampler = new StatsSampler();
    this.video.dataset.room = stream.room;
    this.video.dataset.name = stream.name;
    this.title.textContent = `${stream.room} / ${stream.name}`;
    this.urls.replaceChildren(...urls.map(urlGroup));
    this.urls.hidden = false;
    this.onChange(stream);
    void this.#connect();
  }

  stop() {
    this.attempt += 1;
    this.session?.close();
    this.session = undefined;
    this.stream = undefined;
    this.video.srcObject = null;
    delete this.video.dataset.room;
    delete this.video.dataset.name;
    this.urls.hidden = true;
    this.title.textContent = '';
    this.stats.textContent = '';
    this.#setState('idle');
    this.onChange(undefined);
  }

  /** @param {boolean} muted */
  setMuted(muted) {
    this.video.muted = muted;
    this.#showSound();
  }

  toggleFullScreen() {
    if (document.fullscreenElement) void document.exitFullscreen();
    else void this.screen.requestFullscreen?.();
  }

  async #connect() {
    const { stream } = this;
    if (!stream) return;
    this.attempt += 1;
    const attempt = this.attempt;
    const media = new MediaStream();
    const path = `/whep/${encodeURIComponent(stream.room)}/${encodeURIComponent(stream.name)}`;
    this.#setState('connecting');
    const session = new WhepSession(
      new URL(path, location.href).href,
      (track) => {
        media.addTrack(track);
        if (attempt === this.attempt) this.#show(media);
      },
      () => {
        if (attempt === this.attempt) this.#retry('The connection was lost.');
      },
    );
    this.session = session;
    try {
      await session.start();
    } catch (error) {
      session.close();
      if (attempt === this.attempt) this.#failed(error);
      return;
    }
    if (attempt !== this.attempt) session.close();
    else this.failures = 0;
  }

  /** @param {MediaStream} media */
  #show(media) {
    if (this.video.srcObject !== media) this.video.srcObject = media;
    this.video.play().catch((error) => {
      // Sound needs a click first: play on without it.
      if (error.name !== 'NotAllowedError' || this.video.muted) return;
      this.setMuted(true);
      this.video.play().catch(() => undefined);
    });
  }

  /** @param {unknown} error */
  #failed(error) {
    const code = error instanceof ApiError ? error.code : '';
    const text = error instanceof Error ? error.message : String(error);
    if (FINAL_CODES.has(code)) this.#setState('failed', text, code);
    else if (code === 'GW_STREAM_NOT_FOUND') this.#retry('Waiting for the stream to be published.', code);
    else this.#retry(text, code);
  }

  /**
   * @param {string} text
   * @param {string} [code]
   */
  #retry(text, code = '') {
    this.session?.close();
    const wait = RETRY_MS[Math.min(this.failures, RETRY_MS.length - 1)];
    this.failures += 1;
    const attempt = this.attempt;
    this.#setState('failed', `${text} Trying again.`, code);
    setTimeout(() => {
      if (attempt === this.attempt) void this.#connect();
    }, wait);
  }

  /**
   * @param {PlayerState} state
   * @param {string} [text]
   * @param {string} [code]
   */
  #setState(state, text = '', code = '') {
    this.video.dataset.state = state;
    if (code) this.video.dataset.error = code;
    else delete this.video.dataset.error;
    const texts = {
      idle: 'Choose a stream to watch it here.',
      connecting: 'Connecting…',
      playing: '',
      failed: text,
    };
    this.message.textContent = texts[state];
    this.screen.dataset.state = state;
    this.bar.hidden = state === 'idle';
    this.#showSound();
  }

  #showSound() {
    const { muted } = this.video;
    this.unmuteButton.hidden = !muted || this.video.dataset.state !== 'playing';
    this.soundButton.replaceChildren(icon(muted ? ICONS.muted : ICONS.sound));
    this.soundButton.setAttribute('aria-pressed', String(!muted));
  }

  async #showStats() {
    const connection = this.session?.connection;
    if (connection?.connectionState !== 'connected' || !this.sampler) return;
    const {
      width,
      height,
      fps,
      bitrate: rate,
      lostPackets,
      droppedFrames,
      bufferMs,
    } = await this.sampler.sample(connection);
    this.#showStall(rate);
    const parts = [];
    if (width) parts.push(`${width}×${height}`, `${Math.round(fps)} fps`);
    parts.push(bitrate(rate));
    if (bufferMs !== undefined) parts.push(`buffer ${Math.round(bufferMs)} ms`);
    parts.push(`${lostPackets} lost`, `${droppedFrames} dropped`);
    if (this.stream) this.stats.textContent = parts.join(' · ');
  }

  /**
   * A publisher that goes away leaves its viewers connected for a while: say so instead of showing a frozen picture.
   *
   * @param {number} rate bits per second received
   */
  #showStall(rate) {
    this.silentSamples = rate > 0 ? 0 : this.silentSamples + 1;
    if (this.video.dataset.state !== 'playing') return;
    const stalled = this.silentSamples >= STALLED_SAMPLES;
    this.message.textContent = stalled ? 'Nothing arrives at the moment. Waiting for the publisher.' : '';
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (!this.stream || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement) return;
    if (event.key === 'm') this.setMuted(!this.video.muted);
    if (event.key === 'f') this.toggleFullScreen();
  }
}
