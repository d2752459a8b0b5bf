/** Characters without ink: controls, formatting characters such as the zero-width space, spaces, and blank letters. */
const INVISIBLE = String.raw`\p{Cc}\p{Cf}\p{Z}\u034F\u115F\u1160\u17B4\u17B5\u2800\u3164\uFFA0`;
const IS_INVISIBLE = new RegExp(`^[${INVISIBLE}]$`, 'u');
/** Also what has no meaning to everybody: private, unassigned, and halves of characters. Go's `unicode.IsPrint` has none of it. */
const EVERY_INVISIBLE = new RegExp(`[${INVISIBLE}\\p{C}]`, 'gu');

/** Removes invisible characters from both ends, as `trim` removes white space. */
export function trimInvisible(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to) {
    const character = String.fromCodePoint(text.codePointAt(from) ?? 0);
    if (isInk(character.charCodeAt(0)) || !IS_INVISIBLE.test(character)) break;
    from += character.length;
  }
  while (from < to) {
    if (isInk(text.charCodeAt(to - 1))) break;
    const start = isLowSurrogate(text.charCodeAt(to - 1)) && to - 2 >= from ? to - 2 : to - 1;
    if (!IS_INVISIBLE.test(text.slice(start, to))) break;
    to = start;
  }
  return from === 0 && to === text.length ? text : text.slice(from, to);
}

/**
 * Removes invisible characters everywhere, except for blanks between visible ones, as RudderStack's gateway does with ids.
 *
 * @see https://github.com/rudderlabs/rudder-go-kit/blob/main/sanitize/sanitize.go
 */
export function removeInvisible(text: string): string {
  // Ids are ASCII in almost every event.
  if (text.search(/[^!-~]/) === -1) return text;
  return text.replaceAll(EVERY_INVISIBLE, (character) => (character === ' ' ? ' ' : '')).trim();
}

/** The visible characters of ASCII. */
function isInk(code: number): boolean {
  return code > 0x20 && code < 0x7f;
}

function isLowSurrogate(code: number): boolean {
  return code >= 0xdc00 && code <= 0xdfff;
}
