/** The console: polls the streams, shows them, plays one. */
import { fetchServer, fetchStreams } from './api.js';
import { copyLine } from './copy.js';
import { element } from './dom.js';
import { countOf } from './format.js';
import { Player } from './player.js';
import { Publisher } from './publisher.js';
import { StreamList } from './stream-list.js';
import { installTheme } from './theme.js';
import { ffmpegLine, streamUrls, urlGroups } from './urls.js';

const POLL_MS = 2_000;

/** @param {string} id */
function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`#${id} is missing`);
  return found;
}

const totals = byId('totals');
const server = await fetchServer().catch(() => undefined);

const player = new Player((stream) => {
  const url = new URL(location.href);
  url.search = stream ? new URLSearchParams(stream).toString() : '';
  history.replaceState(null, '', url);
  void refresh();
});
byId('stage').append(...player.view);

/** @param {{ room: string, name: string }} stream */
function play({ room, name }) {
  player.play({ room, name }, urlGroups(server, room, name));
}

function noStreams() {
  const urls = streamUrls(server, 'live', 'demo');
  return element(
    'div',
    { class: 'empty' },
    element('h2', {}, 'Nothing is live yet'),
    element('p', {}, 'Publish from this page, or with one of these, and it appears here at once.'),
    copyLine('FFmpeg', ffmpegLine(urls.rtmp)),
    copyLine('OBS server', urls.rtmpServer),
    copyLine('OBS key', 'demo'),
    element('p', { class: 'hint' }, 'In OBS, set B-frames to 0 and the keyframe interval to 2 s.'),
  );
}

const publisher = new Publisher(server);
byId('side').prepend(publisher.view);
byId('publish').addEventListener('click', () => publisher.show());

const list = new StreamList(byId('list'), play, noStreams);
let latest = 0;

async function refresh() {
  latest += 1;
  const own = latest;
  try {
    const streams = await fetchStreams();
    // A slow answer must not overwrite a newer one.
    if (own !== latest) return;
    list.update(streams, player.stream);
    const watching = streams.reduce((sum, { players, viewers }) => sum + players + viewers, 0);
    totals.replaceChildren(
      element('span', {}, countOf(streams.length, 'stream')),
      element('span', {}, countOf(watching, 'viewer')),
    );
    totals.classList.remove('offline');
  } catch {
    totals.textContent = 'The gateway does not answer';
    totals.classList.add('offline');
  }
}

installTheme(byId('theme'));
setInterval(() => {
  if (!document.hidden) void refresh();
}, POLL_MS);
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) void refresh();
});

const { searchParams } = new URL(location.href);
const [room, name] = [searchParams.get('room'), searchParams.get('name')];
if (room && name) play({ room, name });
else void refresh();
