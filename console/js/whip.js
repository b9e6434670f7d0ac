/** A WHIP client (RFC 9725): publishes camera, screen and microphone as H.264 and Opus. */
import { HttpSession } from './http-session.js';

const MAX_VIDEO_BITRATE = 2_500_000;

/** Rooms of the gateway are H.264: offer nothing else, so that the browser cannot choose it. */
function h264Codecs() {
  const codecs = RTCRtpSender.getCapabilities('video')?.codecs ?? [];
  const h264 = codecs.filter(({ mimeType }) => mimeType === 'video/H264');
  if (h264.length === 0) throw new Error('This browser cannot send H.264.');
  return [...h264, ...codecs.filter(({ mimeType }) => mimeType === 'video/rtx')];
}

export class WhipSession extends HttpSession {
  /** @param {MediaStream} media at most one video and one audio track */
  async start(media) {
    for (const track of media.getTracks()) {
      const transceiver = this.connection.addTransceiver(track, {
        direction: 'sendonly',
        streams: [media],
        ...(track.kind === 'video' ? { sendEncodings: [{ maxBitrate: MAX_VIDEO_BITRATE }] } : {}),
      });
      if (track.kind === 'video') transceiver.setCodecPreferences(h264Codecs());
    }
    await this.negotiate();
  }
}
