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
    /** What OBS calls "server". */
    rtmpServer: `${rtmpBase(server)}/${encodeURIComponent(room)}`,
    whep: `${location.origin}/whep/${path}`,
    whip: `${location.origin}/whip/${path}`,
    page: page.href,
  };
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
