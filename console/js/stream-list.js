/** The list of live streams, by room; rows are kept, so that focus and sparklines survive an update. */
import { element, ICONS, icon, sparkline } from './dom.js';
import { audioText, bitrate, countOf, duration, skewText, videoText } from './format.js';

/** Points of the bitrate's sparkline: two minutes of updates. */
const HISTORY = 60;

/** What is wrong when browsers do not get all of a stream's video; an RTMP player gets it whole. */
const B_FRAME_ADVICE = {
  reduced: 'Browsers get it without its B-frames. Set B-frames to 0 in the encoder.',
  'keyframes-only': 'Browsers get its keyframes only. Set B-frames to 0 in the encoder.',
};

/** @typedef {import('./api.js').Stream} Stream */

class StreamRow {
  /**
   * @param {Stream} stream
   * @param {(stream: { room: string, name: string }) => void} onPlay
   */
  constructor(stream, onPlay) {
    const { room, name } = stream;
    /** @type {number[]} */
    this.history = [];
    this.video = element('span', { class: 'chip' });
    this.audio = element('span', { class: 'chip' });
    this.rate = element('span', { class: 'rate' });
    this.skew = element('span', { class: 'skew', title: 'How far the picture is ahead of the sound' });
    this.advice = element('p', { class: 'advice', hidden: true });
    this.dot = element('span', { class: 'live' });
    this.people = element('span', {});
    this.age = element('span', { class: 'age' });
    this.line = sparkline(96, 24);
    this.playLabel = element('span', {}, 'Play');
    this.playButton = element(
      'button',
      {
        class: 'button primary',
        type: 'button',
        'data-action': 'play',
        'aria-label': `Play ${room} / ${name}`,
        click: () => onPlay({ room, name }),
      },
      icon(ICONS.play),
      this.playLabel,
    );
    this.view = element(
      'li',
      { class: 'stream', 'data-stream': `${room}/${name}` },
      element(
        'div',
        { class: 'stream-head' },
        this.dot,
        element('div', { class: 'stream-name' }, element('h3', {}, name), this.age),
        this.playButton,
      ),
      element('div', { class: 'chips' }, this.video, this.audio),
      element(
        'div',
        { class: 'stream-foot' },
        this.line.svg,
        this.rate,
        this.skew,
        element('span', { class: 'people' }, icon(ICONS.people), this.people),
      ),
      this.advice,
    );
  }

  /**
   * @param {Stream} stream
   * @param {boolean} selected
   */
  update(stream, selected) {
    const { video, audio, players, viewers, publishedAt, publisher, skewMs, webrtcVideo } = stream;
    this.video.textContent = video ? videoText(video) : 'no video';
    this.audio.textContent = audio ? audioText(audio) : 'no audio';
    this.video.classList.toggle('absent', !video);
    this.audio.classList.toggle('absent', !audio);
    const rate = (video?.bitrate ?? 0) + (audio?.bitrate ?? 0);
    this.history = [...this.history, rate].slice(-HISTORY);
    this.line.draw(this.history);
    this.rate.textContent = bitrate(rate);
    const watching = players + viewers;
    this.people.textContent = countOf(watching, 'viewer');
    this.people.title = `${countOf(viewers, 'browser')}, ${countOf(players, 'RTMP player')}`;
    const source = publisher.protocol === 'rtmp' ? 'RTMP' : 'WebRTC';
    const stalled = stream.state === 'stalled';
    const since = stalled
      ? `nothing for ${duration(stream.idleMs)}`
      : `live for ${duration(Date.now() - Date.parse(publishedAt))}`;
    this.age.textContent = `${source} · ${since}`;
    this.view.dataset.state = stream.state;
    this.dot.title = stalled ? 'Stalled: the publisher sends nothing' : 'Live';
    this.skew.textContent = skewMs === undefined ? '' : skewText(skewMs);
    this.skew.hidden = skewMs === undefined;
    const advice = webrtcVideo && webrtcVideo !== 'full' ? B_FRAME_ADVICE[webrtcVideo] : '';
    this.advice.textContent = advice;
    this.advice.hidden = advice === '';
    this.playLabel.textContent = selected ? 'Watching' : 'Play';
    this.playButton.classList.toggle('primary', !selected);
    this.view.classList.toggle('selected', selected);
    if (selected) this.view.setAttribute('aria-current', 'true');
    else this.view.removeAttribute('aria-current');
  }
}

export class StreamList {
  /**
   * @param {HTMLElement} container
   * @param {(stream: { room: string, name: string }) => void} onPlay
   * @param {() => Node} makeEmpty what to show when nothing is live
   */
  constructor(container, onPlay, makeEmpty) {
    this.container = container;
    this.onPlay = onPlay;
    this.makeEmpty = makeEmpty;
    /** @type {Map<string, StreamRow>} */
    this.rows = new Map();
    /** @type {Map<string, { view: HTMLElement, count: HTMLElement, list: HTMLElement }>} */
    this.rooms = new Map();
    /** @type {Node | undefined} */
    this.empty = undefined;
  }

  /**
   * @param {Stream[]} streams sorted by room and name
   * @param {{ room: string, name: string } | undefined} selected
   */
  update(streams, selected) {
    const keys = new Set(streams.map(({ room, name }) => `${room}/${name}`));
    for (const [key, row] of this.rows) {
      if (keys.has(key)) continue;
      row.view.remove();
      this.rows.delete(key);
    }
    const byRoom = groupByRoom(streams);
    for (const [room, section] of this.rooms) {
      if (byRoom.has(room)) continue;
      section.view.remove();
      this.rooms.delete(room);
    }
    for (const [room, inRoom] of byRoom) this.#updateRoom(room, inRoom, selected);
    this.#showEmpty(streams.length === 0);
  }

  /**
   * @param {string} room
   * @param {Stream[]} streams
   * @param {{ room: string, name: string } | undefined} selected
   */
  #updateRoom(room, streams, selected) {
    let section = this.rooms.get(room);
    if (!section) {
      const count = element('span', { class: 'room-count' });
      const list = element('ul', {});
      const view = element(
        'section',
        { class: 'room', 'data-room': room },
        element('h2', {}, room, count),
        list,
      );
      section = { view, count, list };
      this.rooms.set(room, section);
      const next = [...this.rooms.keys()].filter((other) => other > room).sort()[0];
      this.container.insertBefore(view, (next && this.rooms.get(next)?.view) || null);
    }
    section.count.textContent = String(streams.length);
    streams.forEach((stream, index) => {
      const key = `${stream.room}/${stream.name}`;
      let row = this.rows.get(key);
      if (!row) {
        row = new StreamRow(stream, this.onPlay);
        this.rows.set(key, row);
      }
      // Only rows out of place are moved: moving takes the focus away.
      const there = section.list.children[index];
      if (there !== row.view) section.list.insertBefore(row.view, there ?? null);
      row.update(stream, selected?.room === stream.room && selected.name === stream.name);
    });
  }

  /** @param {boolean} empty */
  #showEmpty(empty) {
    if (empty && !this.empty) {
      this.empty = this.makeEmpty();
      this.container.append(this.empty);
    } else if (!empty && this.empty) {
      this.empty.parentNode?.removeChild(this.empty);
      this.empty = undefined;
    }
  }
}

/**
 * Map.groupBy is too new for many phones.
 *
 * @param {Stream[]} streams
 */
function groupByRoom(streams) {
  /** @type {Map<string, Stream[]>} */
  const rooms = new Map();
  for (const stream of streams) rooms.set(stream.room, [...(rooms.get(stream.room) ?? []), stream]);
  return rooms;
}
