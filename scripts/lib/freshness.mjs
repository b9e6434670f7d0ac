// Is a built file older than the sources it was made from?
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { at } from './paths.mjs';

/** Modification time in ms; 0 for a path that does not exist. */
export function modified(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** The newest modification time among files and folders (relative to the repository), without folders named in `skip`. */
export function newest(paths, skip = new Set()) {
  let latest = 0;
  const visit = (path) => {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (!stat) return;
    if (!stat.isDirectory()) {
      latest = Math.max(latest, stat.mtimeMs);
      return;
    }
    // A folder's own time changes when a file in it is removed, which outdates the result as well.
    latest = Math.max(latest, stat.mtimeMs);
    for (const entry of readdirSync(path)) if (!skip.has(entry)) visit(join(path, entry));
  };
  for (const path of paths) visit(at(path));
  return latest;
}
