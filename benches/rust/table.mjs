// Prints criterion's last results as a Markdown table: the fastest sample of each bench, which a busy machine disturbs least.
// Usage: node benches/rust/table.mjs [target directory]
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(process.argv[2] ?? process.env.CARGO_TARGET_DIR ?? 'target', 'criterion');
const read = (folder, file) => JSON.parse(readFileSync(join(folder, file), 'utf8'));
const folders = readdirSync(root, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.name === 'sample.json' && entry.parentPath.endsWith('new'))
  .map((entry) => entry.parentPath);

const rows = folders.map((folder) => {
  const { group_id: group, function_id: name, throughput } = read(folder, 'benchmark.json');
  const { iters, times } = read(folder, 'sample.json');
  const nanoseconds = Math.min(...times.map((time, i) => time / iters[i]));
  const { Elements: elements, Bytes: bytes } = throughput ?? {};
  const cost = elements
    ? `${(nanoseconds / elements).toFixed(1)} ns a packet`
    : `${(bytes / nanoseconds).toFixed(1)} GB/s`;
  return `| ${group} | ${name} | ${cost} |`;
});

console.log('| group | bench | fastest |\n| --- | --- | --- |');
console.log(rows.sort().join('\n'));
