// Medians of runs, goals, and the table that `npm run bench` prints.

/** `server.cpuSeconds` of a result, or undefined. */
const look = (result, path) => path.split('.').reduce((value, key) => value?.[key], result) ?? undefined;

/** The middle one; undefined without numbers. */
export function median(numbers) {
  const sorted = numbers.filter((number) => typeof number === 'number').sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)];
}

/** A result whose numbers are the medians of the runs'. */
export function medians(runs) {
  const [first] = runs;
  if (first === null || typeof first !== 'object') return typeof first === 'number' ? median(runs) : first;
  return Object.fromEntries(Object.keys(first).map((key) => [key, medians(runs.map((run) => run?.[key]))]));
}

/** Each goal with what was measured, and whether it is met (undefined: not measured). */
export function judge(goals, result) {
  return goals.map(({ figure, most, above }) => {
    const value = look(result, figure);
    const base = above === undefined ? 0 : look(result, above);
    const met = value === undefined || base === undefined ? undefined : value - base <= most;
    return { figure, most, above, base: above && base, value, met };
  });
}

const round = (number) =>
  typeof number !== 'number' ? '-' : Math.abs(number) >= 100 ? number.toFixed(0) : number.toPrecision(3);

function figures({ command, result }) {
  if (command !== 'fan-out') {
    return Object.entries(result)
      .filter(([, value]) => typeof value === 'number')
      .map(([name, value]) => `${name} ${round(value)}`);
  }
  const side = (name, window) =>
    window &&
    `${name}: ${round(window.cpuSeconds)} CPU s in ${round(window.seconds)} s, ${round(window.writesPerSecond)} writes/s, ` +
      `latency p50 ${round(window.latencyP50Ms)} p99 ${round(window.latencyP99Ms)} ms, ${round(window.residentMib)} MiB`;
  return [
    `${result.publishers} publishers, ${result.players} players; RSS above idle ${round(result.residentAboveIdleMib)} MiB`,
    result.stalled > 0 &&
      `${result.stalledAndEnded} of ${result.stalled} players that stopped reading were closed`,
    side('gateway', result.server),
    side(`floor (${result.floorKind})`, result.floor),
    side('nginx-rtmp', result.nginx),
  ].filter(Boolean);
}

/** One scenario as lines of text. */
export function table(entry) {
  const lines = ['', `${entry.name}: ${entry.title}`];
  if (entry.skipped) return [...lines, `  skipped: ${entry.skipped}`];
  if (entry.failed) return [...lines, `  FAILED: ${entry.failed}`];
  lines.push(...figures(entry).map((line) => `  ${line}`));
  for (const { figure, most, above, base, value, met } of entry.goals) {
    const verdict = met === undefined ? 'unmeasured' : met ? 'met' : 'NOT MET';
    const limit = above ? `${above} ${round(base)} + ${most}` : most;
    lines.push(`  goal ${figure} <= ${limit}: ${round(value)}  ${verdict}`);
  }
  return lines;
}
