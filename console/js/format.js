/** Numbers as people read them. */

/** @param {number} bitsPerSecond */
export function bitrate(bitsPerSecond) {
  if (bitsPerSecond >= 1e6) return `${(bitsPerSecond / 1e6).toFixed(1)} Mbit/s`;
  return `${Math.round(bitsPerSecond / 1e3)} kbit/s`;
}

/** @param {number} milliseconds */
export function duration(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (hours > 0) return `${hours} h ${minutes % 60} min`;
  if (minutes > 0) return `${minutes} min ${seconds % 60} s`;
  return `${seconds} s`;
}

/** @param {number} channels */
function channelText(channels) {
  return channels === 1 ? 'mono' : channels === 2 ? 'stereo' : `${channels} channels`;
}

/** @param {import('./api.js').Video} video */
export function videoText({ codec, profile, width, height, fps }) {
  const parts = [profile && codec === 'H264' ? `H.264 ${profile}` : codec];
  if (width > 0) parts.push(`${width}×${height}`);
  if (fps) parts.push(`${fps.toFixed(fps < 10 ? 1 : 0)} fps`);
  return parts.join(' · ');
}

/** @param {import('./api.js').Audio} audio */
export function audioText({ codec, sampleRate, channels }) {
  return `${codec} · ${sampleRate / 1000} kHz · ${channelText(channels)}`;
}

/** @param {number} milliseconds by which the picture is ahead of the sound */
export function skewText(milliseconds) {
  const rounded = Math.round(milliseconds);
  return `A/V ${rounded > 0 ? '+' : rounded < 0 ? '−' : '±'}${Math.abs(rounded)} ms`;
}

/**
 * @param {number} count
 * @param {string} one
 * @param {string} [many]
 */
export function countOf(count, one, many = `${one}s`) {
  return `${count} ${count === 1 ? one : many}`;
}
