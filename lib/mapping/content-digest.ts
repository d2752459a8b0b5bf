import { isArray, isObject } from '../json.ts';

/** The sums of both lanes over all values. */
interface Sums {
  a: number;
  b: number;
}

const [MULTIPLIER_A, MULTIPLIER_B] = [0x9e_37_79_b1, 0x5f_35_64_95];
const [SEED_A, SEED_B] = [0xde_ad_be_ef, 0x41_c6_ce_57];
/** What a value that is no text starts with, so that `1` and `"1"` differ. */
const KIND = { number: 0x11, true: 0x22, false: 0x33 } as const;

/**
 * Digests an event's name and properties: 60 bits in 12 letters and digits. It only has to tell the few events apart that have
 * the same `messageId`, so it is not cryptographic; that would have to load a module. The algorithm is cyrb53's, two characters
 * at a time.
 *
 * Equal is what a copy of the event keeps: the order of keys does not count, since RudderStack's servers sort them, and neither
 * do null and empty objects and arrays, which PHP and RudderStack's servers write in one way or the other. The digest never
 * depends on the mapping, or an upgrade would give old events a new key.
 *
 * It recurses, so the depth of the properties has to be checked before.
 *
 * @see https://github.com/bryc/code/blob/master/jshash/experimental/cyrb53.js
 */
export function digestContent(name: unknown, properties: unknown): string {
  const sums: Sums = { a: 0, b: 0 };
  add(name, SEED_A, SEED_B, sums);
  add(properties, SEED_B, SEED_A, sums);
  return toText(finish(sums.a, sums.b), finish(sums.b, sums.a));
}

/**
 * Adds the values in `value` to the sums, each with its place. A sum does not depend on the order.
 *
 * @param placeA lane A of the digest of the keys on the way to the value
 * @param placeB the same of lane B
 */
function add(value: unknown, placeA: number, placeB: number, sums: Sums): void {
  if (typeof value === 'string') addText(value, placeA, placeB, sums);
  else if (typeof value === 'number') addNumber(value, placeA, placeB, sums);
  else if (typeof value === 'boolean') addWords(value ? KIND.true : KIND.false, 0, placeA, placeB, sums);
  else if (isArray(value)) {
    for (let index = 0; index < value.length; index += 1) {
      add(value[index], lane(placeA, index, MULTIPLIER_A), lane(placeB, ~index, MULTIPLIER_B), sums);
    }
  } else if (isObject(value)) {
    for (const key of Object.keys(value)) addMember(value[key], key, placeA, placeB, sums);
  }
}

function addMember(value: unknown, key: string, placeA: number, placeB: number, sums: Sums): void {
  let a = lane(placeA, key.length, MULTIPLIER_A);
  let b = lane(placeB, key.length, MULTIPLIER_B);
  let at = 1;
  for (; at < key.length; at += 2) {
    const pair = key.charCodeAt(at - 1) | (key.charCodeAt(at) << 16);
    a = lane(a, pair, MULTIPLIER_A);
    b = lane(b, pair, MULTIPLIER_B);
  }
  if (at === key.length) {
    a = lane(a, key.charCodeAt(at - 1), MULTIPLIER_A);
    b = lane(b, key.charCodeAt(at - 1), MULTIPLIER_B);
  }
  add(value, a, b, sums);
}

function addText(text: string, placeA: number, placeB: number, sums: Sums): void {
  let a = placeA ^ text.length;
  let b = placeB ^ text.length;
  let at = 1;
  for (; at < text.length; at += 2) {
    const pair = text.charCodeAt(at - 1) | (text.charCodeAt(at) << 16);
    a = lane(a, pair, MULTIPLIER_A);
    b = lane(b, pair, MULTIPLIER_B);
  }
  if (at === text.length) {
    a = lane(a, text.charCodeAt(at - 1), MULTIPLIER_A);
    b = lane(b, text.charCodeAt(at - 1), MULTIPLIER_B);
  }
  sums.a = (sums.a + finish(a, b)) | 0;
  sums.b = (sums.b + finish(b, a)) | 0;
}

function addNumber(value: number, placeA: number, placeB: number, sums: Sums): void {
  if ((value | 0) === value) addWords(KIND.number, value, placeA, placeB, sums);
  else addText(String(value), placeA ^ KIND.number, placeB, sums);
}

function addWords(kind: number, word: number, placeA: number, placeB: number, sums: Sums): void {
  const a = lane(placeA ^ kind, word, MULTIPLIER_A);
  const b = lane(placeB ^ ~kind, word, MULTIPLIER_B);
  sums.a = (sums.a + finish(a, b)) | 0;
  sums.b = (sums.b + finish(b, a)) | 0;
}

function lane(state: number, word: number, multiplier: number): number {
  const mixed = Math.imul(state ^ word, multiplier);
  return mixed ^ (mixed >>> 15);
}

/** Makes every bit depend on every bit of both lanes. */
function finish(a: number, b: number): number {
  const mixed = Math.imul(a ^ (a >>> 16), 0x85_eb_ca_6b) ^ Math.imul(b ^ (b >>> 13), 0xc2_b2_ae_35);
  return mixed ^ (mixed >>> 16);
}

/** Six characters of 5 bits for each lane. `Number.toString` would take longer than everything else. */
function toText(a: number, b: number): string {
  return String.fromCharCode(
    letter(a),
    letter(a >>> 5),
    letter(a >>> 10),
    letter(a >>> 15),
    letter(a >>> 20),
    letter(a >>> 25),
    letter(b),
    letter(b >>> 5),
    letter(b >>> 10),
    letter(b >>> 15),
    letter(b >>> 20),
    letter(b >>> 25),
  );
}

/** 0 to 9, a to v */
function letter(bits: number): number {
  const digit = bits & 31;
  return digit < 10 ? 48 + digit : 87 + digit;
}
