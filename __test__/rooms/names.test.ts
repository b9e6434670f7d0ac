/** The name grammar, and what names say about participants. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { isName, splitStreamName } from '../../src/names.js';

test('names that are, and names that are not', () => {
  for (const name of ['a', 'demo', 'A-Z_0.9~x', '...', '.a', 'a'.repeat(128)]) assert.ok(isName(name), name);
  for (const name of [
    '',
    '.',
    '..',
    'a b',
    'a/b',
    'a\\b',
    'a\n',
    '\na',
    'é',
    'a\0',
    '%41',
    'a'.repeat(129),
  ]) {
    assert.ok(!isName(name), JSON.stringify(name));
  }
});

test('~screen is the screen of a participant', () => {
  assert.deepEqual(splitStreamName('anna'), { identity: 'anna', source: 'camera' });
  assert.deepEqual(splitStreamName('anna~screen'), { identity: 'anna', source: 'screen' });
  assert.deepEqual(splitStreamName('~screen'), { identity: '~screen', source: 'camera' });
});
