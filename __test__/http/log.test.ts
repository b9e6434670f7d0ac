/** Logs: strangers' strings are escaped, floods are cut. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { printable, printableJsonLine } from '../../src/escape.js';
import { LogThrottle, readableLine } from '../../src/log.js';
import { recordingLog } from '../helpers/ts-log.js';

const HOSTILE = 'a\r\nlevel=error \u001b[31m\u009b2J\u0000\u007f\u2028\u202e\u2066\ufeff\ud800';

test('hostile_29_control_characters_are_escaped', () => {
  const safe = printable(HOSTILE);
  assert.equal(
    safe,
    'a\\u000d\\u000alevel=error \\u001b[31m\\u009b2J\\u0000\\u007f\\u2028\\u202e\\u2066\\ufeff\\ud800',
  );
  assert.equal(printable('Größe 日本語 😀'), 'Größe 日本語 😀');
});

test('long text is cut and says so', () => {
  assert.equal(printable('x'.repeat(10), 4), 'xxxx...(10 characters)');
});

test('a line of JSON stays one line, and JSON', () => {
  const line = printableJsonLine(`${JSON.stringify({ msg: HOSTILE })}\n`);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: none of them may be left
  assert.match(line, /^[^\u0000-\u001f\u007f-\u009f\u2028\u202e]*\n$/);
  assert.equal(JSON.parse(line).msg, HOSTILE);
});

test('readable lines are one line as well', () => {
  const line = readableLine(
    JSON.stringify({
      level: 40,
      time: '2026-01-02T03:04:05.678Z',
      code: 'GW_BUSY',
      msg: HOSTILE,
      room: HOSTILE,
    }),
  );
  assert.match(line, /^03:04:05\.678 WARN {2}GW_BUSY a\\u000d/);
  assert.equal(line.split(/[\r\n\u2028]/).length, 1);
});

test('hostile_90_a_flood_of_one_code_is_cut_and_counted', () => {
  const throttle = new LogThrottle();
  let written = 0;
  for (let index = 0; index < 100_000; index += 1) {
    if (throttle.allow('GW_BUSY', index / 100) !== undefined) written += 1;
  }
  assert.equal(written, 20, 'one window of 10 s');
  assert.equal(throttle.allow('GW_STOPPED', 1_000), 0, 'other codes are still heard');
  assert.equal(throttle.allow('GW_BUSY', 10_000), 100_000 - 20, 'then it says how many were held back');
  assert.equal(throttle.allow('GW_BUSY', 10_001), 0);
});

test('hostile_90_a_flood_of_many_codes_is_cut_as_well', () => {
  const throttle = new LogThrottle();
  let written = 0;
  for (let index = 0; index < 10_000; index += 1) {
    if (throttle.allow(`CODE_${index % 400}`, 5) !== undefined) written += 1;
  }
  assert.equal(written, 200);
});

test('an event carries its code, its fields and what was held back', () => {
  const { log, lines } = recordingLog();
  for (let index = 0; index < 30; index += 1)
    log.write('warn', 'GW_BUSY', `line ${index}\n`, { room: 'live' });
  assert.equal(lines.length, 20);
  const [{ code, room, msg } = {}] = lines;
  assert.deepEqual([code, room, msg], ['GW_BUSY', 'live', 'line 0\\u000a']);
});
