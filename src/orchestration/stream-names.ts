/** Which stream names are in use or promised; the engine has the last word (docs: architecture, decisions). */
import { streamKey } from '../names.js';

/** Names that are live, and names promised to a connection whose stream the engine has not announced yet. */
export class StreamNames {
  readonly #live = new Set<string>();
  /** Bounded by the engine's connections: a connection holds at most one promise, and a close frees it. */
  readonly #promised = new Map<string, number>();

  isTaken(room: string, name: string, connectionId: number): boolean {
    const key = streamKey(room, name);
    if (this.#live.has(key)) return true;
    const holder = this.#promised.get(key);
    return holder !== undefined && holder !== connectionId;
  }

  promise(room: string, name: string, connectionId: number): void {
    this.release(connectionId);
    this.#promised.set(streamKey(room, name), connectionId);
  }

  /** Takes back the promise of a connection that is gone or was refused after all. */
  release(connectionId: number): void {
    for (const [key, holder] of this.#promised) {
      if (holder === connectionId) this.#promised.delete(key);
    }
  }

  wentLive(room: string, name: string): void {
    const key = streamKey(room, name);
    this.#live.add(key);
    this.#promised.delete(key);
  }

  /** Also takes back a promise: a stream that came and went between two drains was never seen live. */
  ended(room: string, name: string): void {
    const key = streamKey(room, name);
    this.#live.delete(key);
    this.#promised.delete(key);
  }
}
