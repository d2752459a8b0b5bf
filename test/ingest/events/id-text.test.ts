import { idText } from '../../../lib/ingest/events/id-text.ts';

test.each<[unknown, string]>([
  ['u-1', 'u-1'],
  [' u 1 ', 'u 1'],
  ['\uFEFFu\u200B-\u0000\t1\n', 'u-1'],
  ['\u00A0\u2003u\u3000', 'u'],
  ['\u034F\u115F\u1160\u17B4\u2800\u3164\uFFA0', ''],
  ['\uE000\uD800\u2028', ''],
  ['Zoë 名前 🎉 e\u0301', 'Zoë 名前 🎉 e\u0301'],
  [7, '7'],
  [true, 'true'],
  [null, ''],
  [undefined, ''],
])('%j is %j without what nobody sees', (id, expected) => {
  expect(idText(id)).toBe(expected);
});
