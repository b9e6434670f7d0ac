/** Rooms and participants, as the streams that are published in them show. */
import { type StreamSource, splitStreamName } from '../names.js';
import type { StreamSnapshot } from '../native.js';

/** Who publishes under one identity; at most one stream per source. */
export interface Participant {
  readonly identity: string;
  readonly streams: ReadonlyMap<StreamSource, StreamSnapshot>;
}

/** A room exists while somebody publishes in it. */
export interface Room {
  readonly name: string;
  readonly participants: readonly Participant[];
}

function byText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

function entry<Key, Value>(map: Map<Key, Value>, key: Key, create: () => Value): Value {
  const existing = map.get(key);
  if (existing !== undefined) return existing;
  const created = create();
  map.set(key, created);
  return created;
}

/** Groups streams into rooms; both rooms and participants come sorted by name. */
export function roomsOf(streams: readonly StreamSnapshot[]): Room[] {
  const rooms = new Map<string, Map<string, Map<StreamSource, StreamSnapshot>>>();
  for (const stream of streams) {
    const { identity, source } = splitStreamName(stream.name);
    const participants = entry(rooms, stream.room, () => new Map());
    entry(participants, identity, () => new Map()).set(source, stream);
  }
  return [...rooms]
    .map(([name, participants]) => ({
      name,
      participants: [...participants]
        .map(([identity, sources]) => ({ identity, streams: sources }))
        .sort((left, right) => byText(left.identity, right.identity)),
    }))
    .sort((left, right) => byText(left.name, right.name));
}
