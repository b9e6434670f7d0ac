/** Makes strings from strangers safe to show in a terminal or a log (CWE-117: no line breaks, escapes, bidi tricks). */

// C0, DEL and C1 controls, line separators, bidirectional overrides and isolates, byte order mark, lone surrogates.
const UNSAFE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]|\p{Surrogate}/gu;

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/**
 * @param text anything
 * @param maxLength longer text is cut and says so
 */
export function printable(text: string, maxLength = 400): string {
  const cut = text.length > maxLength ? `${text.slice(0, maxLength)}...(${text.length} characters)` : text;
  return cut.replace(UNSAFE, escapeCharacter);
}

/** The same for a finished line of JSON: JSON.stringify leaves C1 and bidi characters as they are. */
export function printableJsonLine(line: string): string {
  return `${line.trimEnd().replace(UNSAFE, escapeCharacter)}\n`;
}
