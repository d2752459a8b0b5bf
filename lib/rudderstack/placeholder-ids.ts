import { trimInvisible } from '../visible-text.ts';

/**
 * What programs send instead of an id, when they have none. Heap would merge everyone who shares such an id into one person,
 * permanently. The owner can add to the list: setting `placeholderIds`.
 *
 * All of them are compared in lower case, and without quotes and brackets around them: `"null"`, `(none)`, `<nil>`, `[]`.
 *
 * @see https://developers.heap.io/reference/identify
 */
const PLACEHOLDERS: ReadonlySet<string> = new Set([
  // What a program writes for nothing.
  '', // an empty text, also in quotes or brackets: "", [], {}
  'undefined', // JavaScript
  'null', // JavaScript, Java, PHP, SQL
  'nil', // Go (<nil>), Ruby, Swift
  'none', // Python
  'nan', // JavaScript, pandas
  'object object', // an object as text in JavaScript: [object Object]
  'object undefined', // the same, of nothing
  'object null', // the same, of nothing
  'undefined undefined', // a first and a last name that are both missing
  'null null', // the same
  'optional(nil)', // Swift
  'true', // a condition instead of its value
  'false', // the same
  '0', // the number of nobody
  '0.0', // the same, from a column of floats
  '-1', // not found, in many languages
  '-1.0', // the same, from a column of floats
  // What a database or a spreadsheet writes for nothing.
  '\\n', // \N of MySQL and Postgres
  '\\\\n', // the same, escaped once more
  'dbnull', // .NET
  'system.dbnull', // .NET
  'n/a', // not available
  '#n/a', // Excel
  '#ref!', // Excel
  '#value!', // Excel
  '#null!', // Excel
  '-', // an empty cell in a report
  '--', // the same
  'not set', // Google Analytics: (not set)
  'not provided', // Google Analytics: (not provided)
  // What a program calls somebody it does not know.
  'guest', // a shop without a login
  'anonymous', // a user without a login
  'anonymoususer', // Django and Spring Security
  'anonymous user', // the same, in words
  'unknown', // the same
  'unknown user', // the same
  'user', // the same
  'not_authenticated', // the same
  'unauthenticated', // the same
  'shopify-admin', // RudderStack’s Shopify source, for events of nobody
  // The name of the field instead of its value.
  'id', // a name instead of a value
  'userid', // the same
  'user_id', // the same
  'user id', // the same
  'anonymousid', // the same
  'anonymous_id', // the same
  'distinct_id', // the same
  // Ids of nobody.
  '00000000-0000-0000-0000-000000000000', // the nil UUID; iOS gives it for an advertising id without permission
  '00000000000000000000000000000000', // the nil UUID without hyphens
  'ffffffff-ffff-ffff-ffff-ffffffffffff', // the max UUID
]);

/** Templates that nobody has filled in, wherever they stand in the id: `user-{{id}}` is the same for everyone. */
const TEMPLATES: readonly RegExp[] = [
  // Handlebars, Liquid, Jinja, Customer.io, Braze: {{user.id}}, {% … %}
  /\{\{[^}]*\}\}/,
  /\{%[^%]*%\}/,
  // The same in a URL.
  /%7b%7b.*%7d%7d/,
  // JavaScript, Java, Ruby, Azure: ${id}, #{id}, @{id}
  /[$#@]\{[^}]*\}/,
  // JSP, ERB, EJS: <%= id %>
  /<%.*%>/,
  // Mailchimp: *|UNIQID|*
  /\*\|.*\|\*/,
  // Salesforce Marketing Cloud, SendGrid, Mailgun: %%subscriberkey%%, %recipient%, %recipient.id%
  /^%%?[a-z_][\w.:-]*%%?$/,
  // Python, .NET: {user_id}. A GUID in braces has digits and hyphens.
  /^\{[a-z_][a-z_.]*\}$/,
  // Macros of advertising networks: [[USER_ID]], __USER_ID__
  /^\[\[.*\]\]$/,
  /^__[a-z_]+__$/,
];

const WRAPPERS: Readonly<Record<string, string>> = {
  '"': '"',
  "'": "'",
  '`': '`',
  '“': '”',
  '‘': '’',
  '«': '»',
  '(': ')',
  '<': '>',
  '[': ']',
  '{': '}',
};
/** Placeholders are short. A longer id is not compared with the list. */
const MOST_CHARACTERS = 100;

/**
 * Whether an id stands for nobody.
 *
 * @param id without invisible characters at its ends
 * @param added those that the owner has added, as `comparable` returns them
 */
export function isPlaceholder(id: string, added: ReadonlySet<string>): boolean {
  if (id.length > MOST_CHARACTERS) return added.has(id.toLowerCase());
  const lower = id.toLowerCase();
  if (PLACEHOLDERS.has(lower) || added.has(lower)) return true;
  // Most ids consist of letters, digits and hyphens, and are neither a template nor in brackets.
  if (lower.search(/[^\w.@-]/) === -1)
    return lower.startsWith('__') && TEMPLATES.some((template) => template.test(lower));
  const bare = comparable(lower);
  return PLACEHOLDERS.has(bare) || added.has(bare) || TEMPLATES.some((template) => template.test(lower));
}

/** Returns an id in lower case, without invisible characters, quotes and brackets around it. */
export function comparable(id: string): string {
  let bare = trimInvisible(id).toLowerCase();
  for (let inner = withoutWrapper(bare); inner !== undefined; inner = withoutWrapper(bare)) bare = inner;
  return bare;
}

function withoutWrapper(text: string): string | undefined {
  // Quotes in a text that was written as JSON twice.
  const from = text.startsWith('\\"') && text.endsWith('\\"') ? 2 : 1;
  const isWrapped = from === 2 ? text.length >= 4 : text.length >= 2 && WRAPPERS[text[0] ?? ''] === text.at(-1);
  return isWrapped ? trimInvisible(text.slice(from, -from)) : undefined;
}
