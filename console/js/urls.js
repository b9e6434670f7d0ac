/** Every way into and out of a stream, as URLs that can be copied. */

/** What URLs leave out. */
const RTMP_PORT = 1935;

/** @param {import('./api.js').Server | undefined} server */
function rtmpBase(server) {
  const port = server?.rtmp.port ?? RTMP_PORT;
  return `rtmp://${location.hostname}${port === RTMP_PORT ? '' : `:${port}`}`;
}

/**
 * @param {import('./api.js').Server | undefined} server
 * @param {string} room
 * @param {string} name
 */
export function streamUrls(server, room, name) {
  const path = `${encodeURIComponent(room)}/${encodeURIComponent(name)}`;
  const page = new URL('/', location.href);
  page.search = new URLSearchParams({ room, name }).toString();
  return {
    rtmp: `${rtmpBase(server)}/${path}`,
    /** HTTP-FLV; undefined when the gateway does not serve it. */
    flv: server?.flv && `http://${location.hostname}:${server.flv.port}/flv/${path}.flv`,
    /** What OBS calls "server". */
    rtmpServer: `${rtmpBase(server)}/${encodeURIComponent(room)}`,
    whep: `${location.origin}/whep/${path}`,
    whip: `${location.origin}/whip/${path}`,
    page: page.href,
  };
}

/** @typedef {{ title: string, open: boolean, lines: { label: string, text: string }[] }} UrlGroup */

/**
 * Every way out of a stream and into it, for people to copy.
 *
 * @param {import('./api.js').Server | undefined} server
 * @param {string} room
 * @param {string} name
 * @returns {UrlGroup[]}
 */
export function urlGroups(server, room, name) {
  const urls = streamUrls(server, room, name);
  return [
    {
      title: 'Watch it elsewhere',
      open: true,
      lines: [
        { label: 'This page', text: urls.page },
        { label: 'WHEP', text: urls.whep },
        { label: 'RTMP', text: urls.rtmp },
        ...(urls.flv ? [{ label: 'HTTP-FLV', text: urls.flv }] : []),
        { label: 'ffplay', text: `ffplay -fflags nobuffer ${urls.rtmp}` },
      ],
    },
    {
      title: 'Publish to this name',
      open: false,
      lines: [
        { label: 'WHIP', text: urls.whip },
        { label: 'RTMP', text: urls.rtmp },
        { label: 'OBS server', text: urls.rtmpServer },
        { label: 'OBS key', text: name },
        { label: 'FFmpeg', text: ffmpegLine(urls.rtmp) },
      ],
    },
  ];
}

/**
 * A line for the shell that publishes a test picture with a 440 Hz tone.
 *
 * @param {string} rtmpUrl
 */
export function ffmpegLine(rtmpUrl) {
  return (
    'ffmpeg -re -f lavfi -i testsrc2=size=1280x720:rate=30 -f lavfi -i sine=frequency=440:sample_rate=48000 ' +
    '-c:v libx264 -preset veryfast -tune zerolatency -bf 0 -g 60 -pix_fmt yuv420p -c:a aac ' +
    `-f flv ${rtmpUrl}`
  );
}
