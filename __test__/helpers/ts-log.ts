/** A log that keeps its lines. */
import { pino } from 'pino';
import { EventLog } from '../../src/log.js';

export function recordingLog(): { log: EventLog; lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string) => lines.push(JSON.parse(line) as Record<string, unknown>);
  return { log: new EventLog(pino({ level: 'debug', base: null }, { write })), lines };
}
