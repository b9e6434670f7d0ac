/** WHEP offers written by hand, for what a browser would not send. */

/** The codecs by name, as `a=rtpmap` and `a=fmtp` lines. */
const CODECS: Record<string, { type: number; map: string; format?: string }> = {
  H264: {
    type: 102,
    map: 'H264/90000',
    format: 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f',
  },
  VP8: { type: 96, map: 'VP8/90000' },
  opus: { type: 111, map: 'opus/48000/2', format: 'minptime=10;useinbandfec=1' },
  PCMU: { type: 0, map: 'PCMU/8000' },
};

const FINGERPRINT = Array.from({ length: 32 }, (_, i) =>
  (i * 7).toString(16).padStart(2, '0').toUpperCase(),
).join(':');

export interface OfferMedia {
  kind: 'audio' | 'video';
  codec: keyof typeof CODECS & string;
}

/** A complete receive-only offer with one m-line per entry. */
export function offer(media: readonly OfferMedia[]): string {
  const lines = ['v=0', 'o=- 4611731400430051336 2 IN IP4 127.0.0.1', 's=-', 't=0 0'];
  lines.push(`a=group:BUNDLE ${media.map((_, mid) => mid).join(' ')}`);
  for (const [mid, { kind, codec }] of media.entries()) {
    const { type, map, format } = CODECS[codec] ?? { type: 127, map: `${codec}/90000` };
    lines.push(`m=${kind} 9 UDP/TLS/RTP/SAVPF ${type}`, 'c=IN IP4 0.0.0.0', 'a=rtcp:9 IN IP4 0.0.0.0');
    lines.push(
      'a=ice-ufrag:abcd',
      'a=ice-pwd:abcdefghijklmnopqrstuvwx',
      `a=fingerprint:sha-256 ${FINGERPRINT}`,
    );
    lines.push('a=setup:actpass', `a=mid:${mid}`, 'a=recvonly', 'a=rtcp-mux', `a=rtpmap:${type} ${map}`);
    if (format) lines.push(`a=fmtp:${type} ${format}`);
  }
  return `${lines.join('\r\n')}\r\n`;
}

/** What a WHEP endpoint answers to an offer; `problem` is the body of an error (RFC 9457). */
export async function postOffer(
  url: string,
  sdp: string,
  type = 'application/sdp',
): Promise<{ status: number; contentType: string; body: string; location: string | null; problem: Problem }> {
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': type }, body: sdp });
  const body = await response.text();
  const contentType = response.headers.get('content-type') ?? '';
  const problem = contentType.startsWith('application/problem+json') ? (JSON.parse(body) as Problem) : {};
  return { status: response.status, contentType, body, location: response.headers.get('location'), problem };
}

export interface Problem {
  type?: string;
  title?: string;
  status?: number;
  detail?: string;
  code?: string;
}
