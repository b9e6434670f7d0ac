/** The grammar of room and stream names, and what a stream name says about its participant (docs: protocol). */

/** 1 to 128 characters; `.` and `..` are out because names appear in paths. */
export const NAME_PATTERN = '^(?!\\.{1,2}$)[A-Za-z0-9._~-]{1,128}$';

const NAME = new RegExp(NAME_PATTERN);

export function isName(text: string): boolean {
  return NAME.test(text);
}

/** One key for a stream in a Map; `/` cannot occur in a name. */
export function streamKey(room: string, name: string): string {
  return `${room}/${name}`;
}

/** What a participant's stream shows. */
export type StreamSource = 'camera' | 'screen';

const SCREEN_SUFFIX = '~screen';

/** `anna~screen` is the screen of participant `anna`; any other name is that participant's camera. */
export function splitStreamName(name: string): { identity: string; source: StreamSource } {
  if (name.endsWith(SCREEN_SUFFIX) && name.length > SCREEN_SUFFIX.length) {
    return { identity: name.slice(0, -SCREEN_SUFFIX.length), source: 'screen' };
  }
  return { identity: name, source: 'camera' };
}
