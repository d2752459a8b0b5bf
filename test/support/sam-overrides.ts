/** A value of a parameter: in double quotes, in single quotes, or without spaces and quotes. */
const VALUE = String.raw`("(?:\\.|[^"\\]+)*"|'(?:\\.|[^'\\]+)*'|(?:\\.|[^ "\\]+)+)`;
const KEY = `([A-Za-z0-9"']+)`;
const PATTERNS = [`ParameterKey=${KEY},ParameterValue=${VALUE}`, ` ${KEY}=${VALUE}`];

/**
 * Reads `--parameter-overrides` as the SAM CLI does: `CfnParameterOverridesType` of its version 1.164.0. It takes what its
 * pattern finds, and passes over the rest without a word.
 *
 * @param words the shell's words, or the one string of samconfig.toml
 * @see https://github.com/aws/aws-sam-cli/blob/v1.164.0/samcli/cli/types.py
 */
export function readOverrides(words: readonly string[]): Readonly<Record<string, string>> {
  const found = words.flatMap((word) => {
    const all = PATTERNS.map((pattern) => [...` ${word.trim()}`.matchAll(new RegExp(pattern, 'g'))]);
    const matches = all.find(({ length }) => length > 0) ?? [];
    return matches.map(([, key = '', value = '']) => [unquote(key), unquote(value)] as const);
  });
  return Object.fromEntries(found);
}

function unquote(text: string): string {
  const [first = ''] = text;
  const inner = text.length > 0 && text.endsWith(first) && ['"', "'"].includes(first) ? text.slice(1, -1) : text;
  return inner.replaceAll('\\ ', ' ').replaceAll('\\"', '"').replaceAll("\\'", "'");
}
