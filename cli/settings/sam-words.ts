/**
 * Writes settings as JSON that the SAM CLI passes on as they are. The SAM CLI replaces \" by ", and \' and \ before a space
 * likewise, even in a file of parameters. So quotes and backslashes inside texts become \u escapes, which it leaves alone. So do
 * apostrophes, the characters that neither a shell word nor TOML can hold, and what would look like another parameter.
 *
 * @see https://github.com/aws/aws-sam-cli/blob/v1.164.0/samcli/cli/types.py
 */
export function settingsJson(settings: object): string {
  return JSON.stringify(settings).replaceAll(
    /\\["\\]|(?<=ParameterKey)=|['\u007f-\u009f\u2028\u2029\ufffe\uffff]/g,
    (found) => {
      const code = found.charCodeAt(found.length - 1);
      return `\\u${code.toString(16).padStart(4, '0')}`;
    },
  );
}

/** Writes a parameter of a stack as the SAM CLI reads it: `Name=value`, or `Name="value"` with its quotes escaped. */
export function samParameter(name: string, value: string): string {
  if (/^[\w.,:/@+-]+$/.test(value)) return `${name}=${value}`;
  return `${name}="${value.replaceAll('"', String.raw`\"`)}"`;
}

/** Quotes parameters as one string of TOML, in which nothing is escaped. */
export function tomlString(text: string): string {
  const quotes = text.includes("'") ? "'''" : "'";
  return `${quotes}${text}${quotes}`;
}

/** Quotes a word for bash, zsh and any other POSIX shell. */
export function shellWord(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
