// The places that the scripts share.
import { fileURLToPath } from 'node:url';

/** The folder that holds package.json, with a trailing slash. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** An absolute path inside the repository. */
export const at = (path) => ROOT + path;
