/** The panel that publishes camera or screen by WHIP. */
import { ApiError } from './api.js';
import { copyLine } from './copy.js';
import { element, ICONS, icon } from './dom.js';
import { streamUrls } from './urls.js';
import { WhipSession } from './whip.js';

/** The name grammar of the gateway, for the browser's own validation. */
const NAME_PATTERN = '(?!\\.{1,2}$)[A-Za-z0-9._~\\-]{1,128}';
const RETRY_MS = 3_000;

/** @typedef {'idle' | 'starting' | 'live' | 'failed'} PublisherState */

/** @param {string} source */
async function capture(source) {
  const { mediaDevices } = navigator;
  if (!mediaDevices) throw new Error('Camera and screen need https, or http://localhost.');
  if (source === 'screen') return mediaDevices.getDisplayMedia({ video: { frameRate: 30 }, audio: true });
  const video = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } };
  return mediaDevices.getUserMedia({ video, audio: true });
}

/** @param {unknown} error */
function explain(error) {
  if (error instanceof DOMException && error.name === 'NotAllowedError')
    return 'The browser was not allowed to use it.';
  if (error instanceof DOMException && error.name === 'NotFoundError')
    return 'There is no camera or microphone.';
  return error instanceof Error ? error.message : String(error);
}

export class Publisher {
  /** @param {import('./api.js').Server | undefined} server */
  constructor(server) {
    this.server = server;
    /** @type {WhipSession | undefined} */
    this.session = undefined;
    /** @type {MediaStream | undefined} */
    this.media = undefined;
    /** Counts starts and stops, so that late answers are dropped. */
    this.attempt = 0;

    this.room = element('input', { name: 'room', value: 'live', required: true, pattern: NAME_PATTERN });
    this.name = element('input', { name: 'name', value: 'me', required: true, pattern: NAME_PATTERN });
    for (const input of [this.room, this.name]) {
      input.autocomplete = 'off';
      input.spellcheck = false;
      input.title = 'Letters, digits and . _ ~ -';
    }
    this.camera = element('input', { type: 'radio', name: 'source', value: 'camera', checked: true });
    this.screen = element('input', { type: 'radio', name: 'source', value: 'screen' });
    this.preview = element('video', {
      playsinline: true,
      class: 'preview',
      'aria-label': 'Preview',
      hidden: true,
    });
    this.preview.muted = true;
    this.status = element('p', { class: 'publish-status', role: 'status' });
    this.startButton = element(
      'button',
      { class: 'button primary', type: 'submit', 'data-action': 'publish-start' },
      'Go live',
    );
    this.stopButton = element(
      'button',
      {
        class: 'button',
        type: 'button',
        'data-action': 'publish-stop',
        hidden: true,
        click: () => this.stop(),
      },
      icon(ICONS.stop),
      'Stop',
    );
    this.urls = element('div', { class: 'urls' });
    this.fields = element(
      'fieldset',
      {},
      element(
        'div',
        { class: 'segments', role: 'radiogroup', 'aria-label': 'What to publish' },
        element('label', {}, this.camera, element('span', {}, 'Camera')),
        element('label', {}, this.screen, element('span', {}, 'Screen')),
      ),
      element(
        'div',
        { class: 'field-row' },
        element('label', {}, 'Room', this.room),
        element('label', {}, 'Name', this.name),
      ),
    );
    const form = element(
      'form',
      {
        submit: (event) => {
          event.preventDefault();
          void this.start();
        },
      },
      this.fields,
      element('div', { class: 'field-row' }, this.startButton, this.stopButton),
    );
    const closeButton = element(
      'button',
      { class: 'button quiet', type: 'button', 'aria-label': 'Close', click: () => this.hide() },
      icon(ICONS.close),
    );
    this.view = element(
      'dialog',
      {
        class: 'publisher',
        'data-publisher': true,
        'data-state': 'idle',
        'aria-labelledby': 'publisher-title',
      },
      element('header', {}, element('h2', { id: 'publisher-title' }, 'Publish'), closeButton),
      this.preview,
      form,
      this.status,
      this.urls,
    );
    this.view.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') this.hide();
    });
    addEventListener('pagehide', () => this.session?.close());
  }

  show() {
    // Not modal, and in the page's flow: one can watch one's own stream meanwhile, and nothing is covered.
    if (!this.view.open) this.view.show();
    this.view.scrollIntoView({ block: 'nearest' });
    (this.fields.disabled ? this.stopButton : this.room).focus();
  }

  /** Hides the panel; what is live stays live. */
  hide() {
    this.view.close();
  }

  async start() {
    this.stop();
    const attempt = this.attempt;
    this.#setState('starting', 'Asking for the camera or screen…');
    try {
      const media = await capture(this.screen.checked ? 'screen' : 'camera');
      if (attempt !== this.attempt) {
        for (const track of media.getTracks()) track.stop();
        return;
      }
      this.media = media;
      // The browser's own "stop sharing" button ends the track.
      for (const track of media.getTracks()) track.addEventListener('ended', () => this.stop());
      this.preview.srcObject = media;
      this.preview.hidden = media.getVideoTracks().length === 0;
      this.preview.play().catch(() => undefined);
      await this.#connect();
    } catch (error) {
      if (attempt === this.attempt) this.#fail(error);
    }
  }

  stop() {
    this.attempt += 1;
    this.session?.close();
    this.session = undefined;
    for (const track of this.media?.getTracks() ?? []) track.stop();
    this.media = undefined;
    this.preview.srcObject = null;
    this.preview.hidden = true;
    this.urls.replaceChildren();
    this.#setState('idle');
  }

  async #connect() {
    const { media, attempt } = this;
    if (!media) return;
    const [room, name] = [this.room.value, this.name.value];
    this.#setState('starting', 'Connecting…');
    const path = `/whip/${encodeURIComponent(room)}/${encodeURIComponent(name)}`;
    const session = new WhipSession(new URL(path, location.href).href, () => {
      if (attempt === this.attempt) this.#reconnect();
    });
    this.session = session;
    session.connection.addEventListener('connectionstatechange', () => {
      if (attempt === this.attempt && session.connection.connectionState === 'connected')
        this.#setState('live');
    });
    try {
      await session.start(media);
    } catch (error) {
      session.close();
      throw error;
    }
    const urls = streamUrls(this.server, room, name);
    this.urls.replaceChildren(
      copyLine('Watch', urls.page),
      copyLine('RTMP', urls.rtmp),
      copyLine('WHEP', urls.whep),
    );
  }

  /** The connection was lost: the same media goes out again. */
  #reconnect() {
    this.session?.close();
    this.#setState('failed', 'The connection was lost. Trying again.');
    const { attempt } = this;
    setTimeout(() => {
      if (attempt === this.attempt) this.#connect().catch((error) => this.#fail(error));
    }, RETRY_MS);
  }

  /** @param {unknown} error */
  #fail(error) {
    this.stop();
    this.#setState('failed', explain(error), error instanceof ApiError ? error.code : '');
  }

  /**
   * @param {PublisherState} state
   * @param {string} [text]
   * @param {string} [code]
   */
  #setState(state, text = '', code = '') {
    this.view.dataset.state = state;
    if (code) this.view.dataset.error = code;
    else delete this.view.dataset.error;
    this.status.textContent =
      state === 'live' ? `You are live as ${this.room.value} / ${this.name.value}.` : text;
    const busy = this.media !== undefined || state === 'starting';
    this.fields.disabled = busy;
    this.fields.hidden = state === 'live';
    this.startButton.hidden = busy;
    this.stopButton.hidden = !busy;
  }
}
