/** Who publishes, as far as that can be told without tokens: the same stream key or the same address is the same publisher. */
import { createHash } from 'node:crypto';
import type { Ask } from '../native.js';

/** One connection that publishes or asks to. */
export interface Publisher {
  readonly connectionId: number;
  /** IP address without the port, which differs with every connection. */
  readonly address: string;
  /** Digest of the `key` query parameter, so that no secret is kept and comparing takes the same time for all. */
  readonly key: string | undefined;
}

export function publisherOf({
  connectionId,
  remoteAddress,
  query,
}: Pick<Ask, 'connectionId' | 'remoteAddress' | 'query'>): Publisher {
  const key = new URLSearchParams(query).get('key');
  return {
    connectionId,
    address: remoteAddress.replace(/:\d+$/, ''),
    key: key ? createHash('sha256').update(key).digest('base64') : undefined,
  };
}

/** Whether two connections belong to the same publisher: a phone that reconnects, an encoder that was started again. */
export function isSamePublisher(one: Publisher, other: Publisher): boolean {
  if (one.key !== undefined && one.key === other.key) return true;
  return one.address === other.address;
}
