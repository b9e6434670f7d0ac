// Finds processes that a test stage left running, by a mark in their environment (Linux; elsewhere finds none).
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const NAME = 'RTMP_GATEWAY_TEST_RUN';
const MARK = randomUUID();

/** The variable to add to the environment of everything that tests start. */
export const markedEnvironment = { [NAME]: MARK };

function marked() {
  const found = [];
  let entries = [];
  try {
    entries = readdirSync('/proc');
  } catch {
    return found;
  }
  for (const pid of entries) {
    if (!/^\d+$/.test(pid)) continue;
    try {
      if (!readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`${NAME}=${MARK}`)) continue;
      found.push({ pid: Number(pid), name: readFileSync(`/proc/${pid}/comm`, 'utf8').trim() });
    } catch {
      // It ended in between, or it is another user's.
    }
  }
  return found;
}

/** Ends every marked process; resolves to the names of those that were still there 3 s after the stage ended. */
export async function endLeftovers() {
  for (let waited = 0; waited < 3_000 && marked().length > 0; waited += 100) await sleep(100);
  const left = marked();
  for (const { pid } of left) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended by itself.
    }
  }
  return left.map(({ name, pid }) => `${name} (${pid})`);
}
