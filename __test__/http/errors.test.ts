/** The error table is complete: every code in use is in it, and every code in it is in use. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import {
  errorCodes,
  errorTable,
  eventTable,
  GatewayError,
  toGatewayError,
  toProblem,
} from '../../src/errors.js';

const root = new URL('../../', import.meta.url).pathname;

function filesIn(directory: string, extension: string): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name === 'target' || entry.name === 'node_modules') return [];
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return filesIn(path, extension);
    return entry.name.endsWith(extension) ? [path] : [];
  });
}

/** Codes by file; those of a Rust unit test module do not count. */
function codesIn(path: string): string[] {
  const text = readFileSync(path, 'utf8');
  const code = path.endsWith('.rs') ? (text.split('#[cfg(test)]')[0] ?? '') : text;
  // GW_CODE stands for any code in comments.
  return (code.match(/\bGW_[A-Z0-9_]*[A-Z0-9]\b/g) ?? []).filter((found) => found !== 'GW_CODE');
}

const sources = [
  ...filesIn(join(root, 'src'), '.ts').filter((path) => !path.endsWith('src/errors.ts')),
  ...filesIn(join(root, 'crates'), '.rs').filter((path) => !/\/(tests|benches)\//.test(path)),
];

test('every code in use is in the table', () => {
  const unknown = sources.flatMap((path) =>
    codesIn(path)
      .filter((code) => !Object.hasOwn(errorTable, code) && !Object.hasOwn(eventTable, code))
      .map((code) => `${code} in ${path.slice(root.length)}`),
  );
  assert.deepEqual(unknown, []);
});

test('every code in the table is in use', () => {
  const used = new Set(sources.flatMap(codesIn));
  assert.deepEqual(
    [...errorCodes, ...Object.keys(eventTable)].filter((code) => !used.has(code)),
    [],
  );
});

test('a code is an error or an event', () => {
  assert.deepEqual(
    errorCodes.filter((code) => Object.hasOwn(eventTable, code)),
    [],
  );
});

test('entries are complete', () => {
  for (const code of errorCodes) {
    const { status, title, advice } = errorTable[code];
    assert.ok(status >= 400 && status <= 599, code);
    assert.match(title, /^[A-Z].*[^.]$/, code);
    assert.match(advice, /\.$/, code);
  }
});

test('errors of the addon keep their code and text', () => {
  const error = toGatewayError(new Error('GW_STREAM_NOT_FOUND: there is no stream a/b'));
  assert.equal(error.code, 'GW_STREAM_NOT_FOUND');
  assert.equal(error.message, 'there is no stream a/b');
  assert.equal(toGatewayError(new Error('GW_BUSY')).message, errorTable.GW_BUSY.title);
});

test('anything else becomes GW_INTERNAL and says nothing of itself', () => {
  for (const thrown of [
    new Error('secret'),
    new Error('GW_MADE_UP: secret'),
    'secret',
    undefined,
    { secret: 1 },
  ]) {
    const error = toGatewayError(thrown);
    assert.equal(error.code, 'GW_INTERNAL');
    assert.doesNotMatch(JSON.stringify(toProblem(error)), /secret/);
    assert.equal(error.cause, thrown);
  }
  const same = new GatewayError('GW_BUSY', 'x');
  assert.equal(toGatewayError(same), same);
});
