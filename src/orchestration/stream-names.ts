/** Which stream names are in use or promised, and by whom; the engine has the last word (docs: architecture, decisions). */
import { streamKey } from '../names.js';
import { isSamePublisher, type Publisher } from './publisher.js';

/** What a publisher may do with a name: have it, have it from an earlier connection of its own, or not at all. */
export type Claim = 'free' | 'same' | 'taken';

/** Names that are live, and names promised to a connection whose stream the engine has not announced yet. */
export class StreamNames {
  /** Nobody is known of a stream that came over WebRTC: its publisher was not asked about here. */
  readonly #live = new Map<string, Publisher | undefined>();
  /** Bounded by the engine's connections: a connection holds at most one promise, and a close frees it. */
  readonly #promised = new Map<string, Publisher>();

  claim(room: string, name: string, publisher: Publisher): Claim {
    const key = streamKey(room, name);
    const live = this.#live.has(key);
    if (live) {
      const holder = this.#live.get(key);
      // A connection that publishes the name already cannot take it from itself.
      if (!holder || holder.connectionId === publisher.connectionId) return 'taken';
      if (!isSamePublisher(holder, publisher)) return 'taken';
    }
    const promised = this.#promised.get(key);
    if (promised && promised.connectionId !== publisher.connectionId) {
      return isSamePublisher(promised, publisher) ? 'same' : 'taken';
    }
    return live ? 'same' : 'free';
  }

  promise(room: string, name: string, publisher: Publisher): void {
    this.release(publisher.connectionId);
    this.#promised.set(streamKey(room, name), publisher);
  }

  /** Takes back what a connection held that is gone or was refused after all. */
  release(connectionId: number): void {
    for (const [key, holder] of this.#promised) {
      if (holder.connectionId === connectionId) this.#promised.delete(key);
    }
  }

  /** Of a connection that is gone: whoever publishes its names from now on is someone else. */
  forget(connectionId: number): void {
    this.release(connectionId);
    for (const [key, holder] of this.#live) {
      if (holder?.connectionId === connectionId) this.#live.set(key, undefined);
    }
  }

  wentLive(room: string, name: string): void {
    const key = streamKey(room, name);
    this.#live.set(key, this.#promised.get(key) ?? this.#live.get(key));
    this.#promised.delete(key);
  }

  /** Also takes back a promise: a stream that came and went between two drains was never seen live. */
  ended(room: string, name: string): void {
    const key = streamKey(room, name);
    this.#live.delete(key);
    this.#promised.delete(key);
  }
}
