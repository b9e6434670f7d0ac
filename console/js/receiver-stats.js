/** What the browser says about the media it receives, as rates. */

/**
 * @typedef {{ width: number, height: number, fps: number, bitrate: number, lostPackets: number,
 *   droppedFrames: number, bufferMs: number | undefined }} ReceiverStats
 */

/** Turns the counters of getStats into rates between two calls. */
export class StatsSampler {
  constructor() {
    /** @type {{ at: number, bytes: number, delay: number, emitted: number } | undefined} */
    this.last = undefined;
  }

  /**
   * @param {RTCPeerConnection} connection
   * @returns {Promise<ReceiverStats>}
   */
  async sample(connection) {
    const stats = { width: 0, height: 0, fps: 0, lostPackets: 0, droppedFrames: 0 };
    let [bytes, delay, emitted, at] = [0, 0, 0, performance.now()];
    for (const report of (await connection.getStats()).values()) {
      if (report.type !== 'inbound-rtp') continue;
      at = report.timestamp;
      bytes += report.bytesReceived;
      stats.lostPackets += Math.max(0, report.packetsLost ?? 0);
      if (report.kind !== 'video') continue;
      stats.width = report.frameWidth ?? 0;
      stats.height = report.frameHeight ?? 0;
      stats.fps = report.framesPerSecond ?? 0;
      stats.droppedFrames = report.framesDropped ?? 0;
      delay = report.jitterBufferDelay ?? 0;
      emitted = report.jitterBufferEmittedCount ?? 0;
    }
    const last = this.last ?? { at, bytes, delay, emitted };
    this.last = { at, bytes, delay, emitted };
    const seconds = (at - last.at) / 1000;
    const frames = emitted - last.emitted;
    return {
      ...stats,
      bitrate: seconds > 0 ? ((bytes - last.bytes) * 8) / seconds : 0,
      bufferMs: frames > 0 ? ((delay - last.delay) / frames) * 1000 : undefined,
    };
  }
}
