/** Decides on every publish and play the engine asks about, and follows connections and streams from its updates. */
import type { EventLog } from '../log.js';
import type { Ask, ConnectionUpdate, Decision, Engine } from '../native.js';
import { type AuthorizeHook, authorize, type Verdict } from './authorize.js';
import { publisherOf } from './publisher.js';
import { StreamNames } from './stream-names.js';

/** RTMP `onStatus` codes of refusals. */
const STATUS_CODES = {
  publishTaken: 'NetStream.Publish.BadName',
  publishDenied: 'NetStream.Publish.Denied',
  playDenied: 'NetStream.Play.Failed',
} as const;

/** The part of the engine that the orchestrator talks to. */
export type DecidingEngine = Pick<Engine, 'setWake' | 'drain' | 'decide'>;

export class Orchestrator {
  readonly #engine: DecidingEngine;
  readonly #log: EventLog;
  readonly #hook: AuthorizeHook;
  readonly #names = new StreamNames();
  /** The newest ask of each connection that waits for its decision; an older one needs no answer. */
  readonly #waiting = new Map<number, number>();
  #stopped = false;

  constructor(engine: DecidingEngine, log: EventLog, hook: AuthorizeHook) {
    this.#engine = engine;
    this.#log = log;
    this.#hook = hook;
  }

  start(): void {
    this.#engine.setWake(() => this.#drain());
  }

  /** From here on nothing is decided; the engine refuses what it asks by its own timeout. */
  stop(): void {
    this.#stopped = true;
    this.#waiting.clear();
  }

  /** Runs on the engine's wake: whatever goes wrong here must not reach the addon's callback. */
  #drain(): void {
    if (this.#stopped) return;
    try {
      const { connections, streams, logs, droppedLogs } = this.#engine.drain();
      for (const { level, code, message, connectionId } of logs) {
        this.#log.write(level, code, message, connectionId === undefined ? {} : { connectionId });
      }
      if (droppedLogs > 0)
        this.#log.write('warn', 'GW_LOGS_DROPPED', `${droppedLogs} log records were dropped`);
      // What has ended frees its name before anyone new is decided on.
      for (const { room, name, state } of streams) {
        if (state === 'live') this.#names.wentLive(room, name);
        else this.#names.ended(room, name);
      }
      for (const update of connections) this.#follow(update);
      for (const { ask, closed } of connections) {
        if (ask && !closed) void this.#answer(ask);
      }
    } catch (error) {
      this.#log.write('error', 'GW_INTERNAL', `draining the engine failed: ${describe(error)}`);
    }
  }

  #follow({ connectionId, closed }: ConnectionUpdate): void {
    if (!closed) return;
    this.#waiting.delete(connectionId);
    this.#names.forget(connectionId);
  }

  async #answer(ask: Ask): Promise<void> {
    this.#waiting.set(ask.connectionId, ask.generation);
    const { kind, protocol, room, name, query, remoteAddress, connectionId } = ask;
    const request = { kind, protocol, room, name, query, remoteAddress };
    const verdict = await authorize(this.#hook, request, (error) => {
      this.#log.write('error', 'GW_HOOK_FAILED', `authorize: ${describe(error)}`, { connectionId });
    });
    if (this.#stopped || this.#waiting.get(ask.connectionId) !== ask.generation) return;
    this.#waiting.delete(ask.connectionId);
    try {
      this.#decide(ask, verdict);
    } catch (error) {
      this.#log.write('error', 'GW_INTERNAL', `deciding failed: ${describe(error)}`, {
        connectionId: ask.connectionId,
      });
    }
  }

  #decisionFor(ask: Ask, verdict: Verdict): Decision {
    const { kind, room, name } = ask;
    if (!verdict.accept) {
      const code = kind === 'publish' ? STATUS_CODES.publishDenied : STATUS_CODES.playDenied;
      return { accept: false, code, description: verdict.reason };
    }
    if (kind === 'play') return { accept: true };
    const claim = this.#names.claim(room, name, publisherOf(ask));
    if (claim === 'taken') {
      const description = `${room}/${name} is being published by someone else`;
      return { accept: false, code: STATUS_CODES.publishTaken, description };
    }
    return claim === 'same' ? { accept: true, takeOver: true } : { accept: true };
  }

  #decide(ask: Ask, verdict: Verdict): void {
    const { connectionId, generation, kind, room, name } = ask;
    const decision = this.#decisionFor(ask, verdict);
    if (decision.accept && kind === 'publish') this.#names.promise(room, name, publisherOf(ask));
    const taken = this.#engine.decide(connectionId, generation, decision);
    if (!taken) this.#names.release(connectionId);
    const fields = { connectionId, room, name, remoteAddress: ask.remoteAddress };
    if (!taken) {
      this.#log.write('warn', 'GW_STALE_DECISION', `${kind} came to nothing`, fields);
    } else {
      const code = kind === 'publish' ? 'GW_PUBLISH_DECIDED' : 'GW_PLAY_DECIDED';
      const how = decision.takeOver ? 'accepted, takes over from an earlier connection' : 'accepted';
      if (decision.accept) this.#log.write('info', code, `${kind} ${how}`, fields);
      else this.#log.write('warn', code, `${kind} refused: ${decision.description ?? ''}`, fields);
    }
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
