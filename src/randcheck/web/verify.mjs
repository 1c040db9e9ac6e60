// Verifies draws and stages of protocol randcheck/v1: bytes in, numbered findings out.
//
// Written from the specification alone (docs/concepts.md, docs/spec.md, docs/verification.md), without
// the Python code: a second implementation, so that a mistake in one of the two shows. No dependencies;
// it runs in browsers and in Node. As a command:
//
//     node verify.mjs RECORD SHEET [--odds F] [--commitment HEX] [--randomness TEXT]
//
// For a stage (a second step, a recusal) the second file is the record that it goes on from.
// Exit 0: nothing that was given failed; 1: something did; 2: wrong usage.
//
// In this order below: SHA-256, strict canonical JSON, forms, seeds and tickets, the checks of a draw,
// those of a stage, odds tables and rounding, verify() itself, what a page asks besides, the command.

export const PROTOCOL = 'randcheck/v1';

// All fixed sentences of findings, so that a page can translate them. Anything else that stands in a
// finding is data: a hash, an id, a number, a list.
export const SAY = {
  bytes: 'a file',
  canonical: 'canonical JSON',
  canonicalLines: 'lines of canonical JSON, each ended by a newline',
  notUtf8: 'bytes that are not UTF-8',
  deep: 'nested too deeply',
  cutOff: 'it ends too early',
  keyTwice: 'a key twice',
  keyOrder: 'keys out of order',
  number: 'not a whole number within ±2^53, written plainly',
  escape: 'an escape that RFC 8785 does not write',
  surrogate: 'half a character',
  control: 'a control character that is not escaped',
  token: 'a character that does not belong here',
  after: 'something after the end',
  noNewline: 'no newline at the end',
  object: 'an object',
  list: 'a list',
  text: 'a text',
  textNotEmpty: 'a text that is not empty',
  hex: '64 lower-case hexadecimal digits',
  hexOrNull: '64 lower-case hexadecimal digits, or null',
  count: 'a whole number from 0',
  date: 'a date, YYYY-MM-DD',
  ascending: 'in ascending order, each once',
  distinct: 'each once',
  grade: 'a grade: G0, G1 or G2',
  someItem: 'at least one item',
  someLine: 'at least one subject',
  team: 'at least two people in ascending order, each once',
  keyUnknown: 'a key that the protocol does not have',
  keyMissing: 'this key is missing',
  protocol: PROTOCOL,
  kind: 'teams or recusal',
  recusalNull: 'null, in a stage of kind teams',
  oneVisit: 'exactly one visit, in a recusal',
  leavingSomebody: 'somebody who leaves',
  disjoint: 'nobody who both stays and leaves',
  pair: '[size, take] with take from 0 to size',
  sheetLine: '["id", [cell or null for each item]]',
  cellNumber: 'a cell number of the header, or null',
  oneItem: 'a cell for at least one item',
  lineOrder: 'a subject after the one before, by the bytes of its id',
  noTeam: 'no team, since no matcher was committed',
  aTeam: 'a team, since a matcher was committed',
  noOdds: 'no odds, since no matcher was committed',
  oddsNotStated: 'no odds table, since the record states none',
  parentDraw: 'the record of a draw without teams',
  parentTeam: 'a team of the record before, leaving and staying together',
  teamStays: 'all who stay',
  teamLeft: 'nobody who leaves',
  teamSize: 'as many people as before',
  bits: 'a whole number from 1 to 30',
  capacities: 'for each inspector a whole number from 0, or null',
  oddsLine: '["subject", [slot, …]] with at least one slot',
  slot: '[places, [inspector, …], [numerator, …]], as many of the one as of the other',
  places: 'a whole number from 1',
  people: 'numbers of inspectors of the header, in ascending order, each once',
  numerators: 'whole numbers from 1 to 2^bits',
  slotSum: 'numerators that add up to places · 2^bits',
  pairSum: 'at most 2^bits for one person in one visit',
  capacitySum: 'at most capacity · 2^bits for one person',
  substitutes: 'as many places as people who leave',
  notCandidate: 'nobody who stays or leaves among the candidates',
  more: 'more of this kind are not listed',
  nothing: 'nothing',
  noError: 'a verifier without a fault',
};

// What each check is, in the words of docs/verification.md.
export const CHECKS = {
  1: 'What is given can be read.',
  2: 'The record is canonical JSON.',
  3: "Record and commitment have exactly the protocol's keys, each of the right form.",
  4: "The commitment's SHA-256 is the published one.",
  5: 'The randomness is the text that the source gave.',
  6: 'Seed and purpose seeds follow.',
  7: "The sheet's SHA-256 is the committed one; for a stage, that of the record before is its parent.",
  8: "The sheet's header is canonical and the committed task's; the parent is of the right form.",
  9: 'Each line is canonical, in order, with a cell for at least one item.',
  10: "Each cell's size is the count of its subjects; a stage's task, visits and recusal suit its parent.",
  11: 'Teams and odds stand where a matcher was committed, and nowhere else.',
  12: 'Cells, visits and reserves follow from the tickets; a stage has a team for each of its visits.',
  13: 'The odds table is the stated one, canonical, of the visits with teams; its numbers add up.',
  14: 'Teams follow from the odds table by rounding.',
};

// ---------------------------------------------------------------------------------------- SHA-256

// prettier-ignore
const K = new Int32Array([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
]);
// prettier-ignore
const START = [
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
];
const W = new Int32Array(64);

// One block of 64 bytes, at `at` of `bytes`, into the eight words of `state`.
function compress(state, bytes, at) {
  for (let i = 0, j = at; i < 16; i++, j += 4) {
    W[i] = (bytes[j] << 24) | (bytes[j + 1] << 16) | (bytes[j + 2] << 8) | bytes[j + 3];
  }
  for (let i = 16; i < 64; i++) {
    const x = W[i - 15];
    const y = W[i - 2];
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    W[i] = (W[i - 16] + s0 + W[i - 7] + s1) | 0;
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let i = 0; i < 64; i++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K[i] + W[i]) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
  state[4] += e;
  state[5] += f;
  state[6] += g;
  state[7] += h;
}

// The end of a message: what is left of it from `at`, the padding, the length in bits.
function finish(state, bytes, at, length) {
  const left = length - at;
  const tail = new Uint8Array(left < 56 ? 64 : 128);
  tail.set(bytes.subarray(at, length));
  tail[left] = 0x80;
  const view = new DataView(tail.buffer);
  view.setUint32(tail.length - 8, Math.floor(length / 2 ** 29));
  view.setUint32(tail.length - 4, (length * 8) >>> 0);
  for (let j = 0; j < tail.length; j += 64) compress(state, tail, j);
  return state;
}

export function sha256(bytes) {
  const state = new Uint32Array(START);
  let at = 0;
  for (; at + 64 <= bytes.length; at += 64) compress(state, bytes, at);
  finish(state, bytes, at, bytes.length);
  const out = new Uint8Array(32);
  const view = new DataView(out.buffer);
  state.forEach((word, i) => view.setUint32(4 * i, word));
  return out;
}

const hexOf = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
const bytesOf = (hex) => Uint8Array.from(hex.match(/../g), (pair) => parseInt(pair, 16));
const utf8 = (text) => new TextEncoder().encode(text);

// The SHA-256 of a whole file, in hex: by WebCrypto where there is one, else by the code above.
async function digest(bytes) {
  const subtle = globalThis.crypto?.subtle;
  if (subtle) {
    try {
      return hexOf(new Uint8Array(await subtle.digest('SHA-256', bytes)));
    } catch {
      // too large for it, or not allowed here: our own does the same
    }
  }
  return hexOf(sha256(bytes));
}

// --------------------------------------------------------------------------------- canonical JSON

// A reader of RFC 8785 that refuses all that is not canonical: blanks, other escapes, keys twice or out
// of order (by UTF-16 code units, as JavaScript compares), numbers other than whole ones within ±2^53.
// Objects become Maps: a key such as "__proto__" is a key like any other.

const DEPTH = 100; // lists and objects within each other, the outermost counted
const ESCAPES = { '"': '"', '\\': '\\', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

class NotCanonical extends Error {
  constructor(what, at) {
    super(what);
    this.what = what;
    this.at = at;
  }
}

class Reader {
  constructor(text, at = 0, end = text.length) {
    this.text = text;
    this.at = at;
    this.end = end;
    this.spans = new Map(); // of the outermost object: key → [from, to] of its value
  }

  fail(what, at = this.at) {
    throw new NotCanonical(at >= this.end ? SAY.cutOff : what, at);
  }

  whole() {
    const value = this.value(0);
    if (this.at !== this.end) this.fail(SAY.after);
    return value;
  }

  value(depth) {
    const { text } = this;
    if (this.at >= this.end) this.fail(SAY.cutOff);
    switch (text[this.at]) {
      case '"':
        return this.string();
      case '[':
        return this.list(depth);
      case '{':
        return this.object(depth);
      case 't':
        return this.word('true', true);
      case 'f':
        return this.word('false', false);
      case 'n':
        return this.word('null', null);
      default:
        return this.number();
    }
  }

  word(word, value) {
    if (!this.text.startsWith(word, this.at) || this.at + word.length > this.end) {
      this.fail(SAY.token);
    }
    this.at += word.length;
    return value;
  }

  number() {
    const from = this.at;
    const { text } = this;
    let at = from;
    if (text[at] === '-') at++;
    const digits = at;
    while (at < this.end && text.charCodeAt(at) >= 48 && text.charCodeAt(at) <= 57) at++;
    if (at === digits) this.fail(SAY.token);
    const size = at - digits;
    const next = at < this.end ? text[at] : '';
    const written = text.slice(digits, at);
    const plain = next !== '.' && next !== 'e' && next !== 'E';
    const short = size < 16 || (size === 16 && written <= '9007199254740992');
    const leading = written[0] === '0' && (size > 1 || digits > from); // 00, 01, -0
    if (!plain || !short || leading) this.fail(SAY.number, from);
    this.at = at;
    return Number(text.slice(from, at));
  }

  string() {
    const { text } = this;
    let at = this.at + 1;
    let from = at;
    let out = '';
    for (;;) {
      if (at >= this.end) this.fail(SAY.cutOff, at);
      const code = text.charCodeAt(at);
      if (code === 34) break;
      if (code < 32) this.fail(SAY.control, at);
      if (code >= 0xd800 && code < 0xe000) {
        const next = at + 1 < this.end ? text.charCodeAt(at + 1) : 0;
        if (code >= 0xdc00 || next < 0xdc00 || next >= 0xe000) this.fail(SAY.surrogate, at);
        at += 2;
      } else if (code === 92) {
        out += text.slice(from, at);
        const letter = at + 1 < this.end ? text[at + 1] : this.fail(SAY.cutOff, this.end);
        if (letter === 'u') {
          const four = text.slice(at + 2, Math.min(at + 6, this.end));
          const value = parseInt(four, 16);
          const spelled =
            value === 8 || value === 9 || value === 10 || value === 12 || value === 13;
          if (!/^00[01][0-9a-f]$/.test(four) || spelled) this.fail(SAY.escape, at);
          out += String.fromCharCode(value);
          at += 6;
        } else {
          if (!Object.hasOwn(ESCAPES, letter)) this.fail(SAY.escape, at);
          out += ESCAPES[letter];
          at += 2;
        }
        from = at;
      } else {
        at++;
      }
    }
    out += text.slice(from, at);
    this.at = at + 1;
    return out;
  }

  list(depth) {
    if (depth === DEPTH) this.fail(SAY.deep);
    const out = [];
    this.at++;
    if (this.text[this.at] === ']' && this.at < this.end) {
      this.at++;
      return out;
    }
    for (;;) {
      out.push(this.value(depth + 1));
      if (this.next(']')) return out;
    }
  }

  object(depth) {
    if (depth === DEPTH) this.fail(SAY.deep);
    const out = new Map();
    let before = null;
    this.at++;
    if (this.text[this.at] === '}' && this.at < this.end) {
      this.at++;
      return out;
    }
    for (;;) {
      const start = this.at;
      if (start >= this.end || this.text[start] !== '"') this.fail(SAY.token);
      const key = this.string();
      if (out.has(key)) this.fail(SAY.keyTwice, start);
      if (before !== null && key < before) this.fail(SAY.keyOrder, start);
      before = key;
      if (this.at >= this.end || this.text[this.at] !== ':') this.fail(SAY.token);
      const from = ++this.at;
      out.set(key, this.value(depth + 1));
      if (depth === 0) this.spans.set(key, [from, this.at]);
      if (this.next('}')) return out;
    }
  }

  // After a value: a comma (false), or the end of what holds it (true).
  next(close) {
    const letter = this.at < this.end ? this.text[this.at] : '';
    if (letter !== ',' && letter !== close) this.fail(SAY.token);
    this.at++;
    return letter === close;
  }
}

function decode(bytes) {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new NotCanonical(SAY.notUtf8, null);
  }
}

export function parseCanonical(bytes) {
  return new Reader(decode(bytes)).whole();
}

// The lines of a text in which each line is ended by a newline: [from, to] without the newline.
function* linesOf(text) {
  for (let from = 0; from < text.length;) {
    const to = text.indexOf('\n', from);
    if (to < 0) throw new NotCanonical(SAY.noNewline, null);
    yield [from, to];
    from = to + 1;
  }
}

// ------------------------------------------------------------------------------------- comparisons

// By the bytes of UTF-8, which is the order of code points. JavaScript compares UTF-16 code units:
// the same, but for surrogates, which belong after all other units.
export function compareIds(a, b) {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    let x = a.charCodeAt(i);
    let y = b.charCodeAt(i);
    if (x !== y) {
      if (x >= 0xd800) x += x < 0xe000 ? 0x2000 : -0x800;
      if (y >= 0xd800) y += y < 0xe000 ? 0x2000 : -0x800;
      return x - y;
    }
  }
  return a.length - b.length;
}

const ascends = (ids) => ids.every((id, i) => i === 0 || compareIds(ids[i - 1], id) < 0);
const sorted = (ids) => [...new Set(ids)].sort(compareIds);
const same = (a, b) => a.length === b.length && a.every((each, i) => each === b[i]);

// A finding: the first place where two lists of subjects differ.
function addDifference(report, number, where, expected, found) {
  let i = 0;
  while (i < expected.length && i < found.length && expected[i] === found[i]) i++;
  report.add(number, `${where}, visit ${i + 1}`, expected[i], found[i]);
}

// A value as a reader sees it in a finding, cut to a length that one reads.
function show(value, room = 100) {
  const plain = (each) =>
    each instanceof Map
      ? Object.fromEntries([...each].map(([key, inner]) => [key, plain(inner)]))
      : Array.isArray(each)
        ? each.slice(0, 50).map(plain)
        : each;
  let text;
  if (value === undefined) text = SAY.nothing;
  else if (typeof value === 'string') text = value;
  else {
    try {
      text = JSON.stringify(plain(value));
    } catch {
      text = String(value);
    }
  }
  return text.length > room ? `${text.slice(0, room)}…` : text;
}

// ------------------------------------------------------------------------------------------ report

class Stop extends Error {}

const LISTED = 8; // findings of one number that are listed one by one

class Report {
  constructor() {
    this.findings = [];
    this.unchecked = [];
    this.counts = new Map();
  }

  add(number, where, expected, found, severity = 'error') {
    const count = (this.counts.get(number) ?? 0) + 1;
    this.counts.set(number, count);
    if (count > LISTED + 1) return;
    const last = count === LISTED + 1;
    this.findings.push({
      number,
      severity,
      where: last ? '…' : where,
      expected: last ? SAY.more : show(expected),
      found: last ? '…' : show(found),
    });
  }

  stop(number, where, expected, found) {
    this.counts.set(number, 0); // the finding that ends the checks is always listed
    this.add(number, where, expected, found, 'fatal');
    throw new Stop();
  }

  // Ends the checks if those of this number found something.
  passed(number) {
    if (!this.counts.has(number)) return;
    for (const finding of this.findings) {
      if (finding.number === number) finding.severity = 'fatal';
    }
    throw new Stop();
  }

  differ(number, where, expected, found) {
    if (expected !== found) this.add(number, where, expected, found);
  }

  result() {
    const ok = this.findings.length === 0;
    return { ok, findings: this.findings, unchecked: [...new Set(this.unchecked)] };
  }
}

// ---------------------------------------------------------------------------- reading, with findings

// What is not canonical ends the checks with a finding of this number.
function refuse(error, number, where, report, { from = 0, expected = SAY.canonical } = {}) {
  if (!(error instanceof NotCanonical)) throw error;
  const place = error.at === null ? where : `${where}, character ${error.at - from + 1}`;
  report.stop(number, place, expected, error.what);
}

// The one value that stands in a part of a text.
function valueIn(text, [from, to], number, where, report) {
  try {
    return new Reader(text, from, to).whole();
  } catch (error) {
    return refuse(error, number, where, report, { from });
  }
}

// The text of a file whose lines each have an end, the last one too.
function textOfLines(bytes, number, where, report) {
  try {
    const text = decode(bytes);
    if (text === '') throw new NotCanonical(SAY.cutOff, null);
    if (!text.endsWith('\n')) throw new NotCanonical(SAY.noNewline, null);
    return text;
  } catch (error) {
    return refuse(error, number, where, report, { expected: SAY.canonicalLines });
  }
}

// ------------------------------------------------------------------------------------------- forms

// A form is a function (value, where, add): it calls add(where, expected, found) for what is wrong.

const is = (expected, test) => (value, where, add) => {
  if (!test(value)) add(where, expected, value);
};
const isText = (value) => typeof value === 'string';
const isCount = (value) => typeof value === 'number' && value >= 0;
const isHex = (value) => isText(value) && /^[0-9a-f]{64}$/.test(value);
const isTexts = (value) => Array.isArray(value) && value.every((id) => isText(id) && id !== '');
const isTeam = (value) => isTexts(value) && value.length >= 2 && ascends(value);

function isDate(value) {
  const parts = isText(value) && /^(\d{4})-(\d\d)-(\d\d)$/.exec(value);
  if (!parts) return false;
  const [year, month, day] = parts.slice(1).map(Number);
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  return year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1];
}

const anything = () => {};
const text = is(SAY.text, isText);
const filled = is(SAY.textNotEmpty, (value) => isText(value) && value !== '');
const hex = is(SAY.hex, isHex);
const hexOrNull = is(SAY.hexOrNull, (value) => value === null || isHex(value));
const count = is(SAY.count, isCount);
const date = is(SAY.date, isDate);
const protocol = is(SAY.protocol, (value) => value === PROTOCOL);
const team = is(SAY.team, isTeam);
const people = is(SAY.ascending, (value) => isTexts(value) && ascends(value));
const anyObject = is(SAY.object, (value) => value instanceof Map);

const orNull = (form) => (value, where, add) => {
  if (value !== null) form(value, where, add);
};

const list = (form) => (value, where, add) => {
  if (!Array.isArray(value)) add(where, SAY.list, value);
  else value.forEach((each, i) => form(each, `${where}[${i}]`, add));
};

// An object with exactly these keys; `open`: these and others.
const object =
  (keys, open = false) =>
  (value, where, add) => {
    if (!(value instanceof Map)) {
      add(where, SAY.object, value);
      return;
    }
    for (const key of value.keys()) {
      if (!open && !Object.hasOwn(keys, key))
        add(`${where}.${show(key, 40)}`, SAY.nothing, SAY.keyUnknown);
    }
    for (const [key, form] of Object.entries(keys)) {
      if (value.has(key)) form(value.get(key), `${where}.${key}`, add);
      else add(`${where}.${key}`, SAY.keyMissing, undefined);
    }
  };

const counts = (value, where, add) => {
  if (!(value instanceof Map)) add(where, SAY.object, value);
  else {
    for (const [key, each] of value) {
      filled(key, where, add);
      count(each, `${where}.${show(key, 40)}`, add);
    }
  }
};

const items = (value, where, add) => {
  if (!isTexts(value)) list(filled)(value, where, add);
  else if (value.length === 0) add(where, SAY.someItem, value);
  else if (new Set(value).size !== value.length) add(where, SAY.distinct, value);
};

const STRATEGY = object({
  distribution: filled,
  name: filled,
  parameters: anyObject,
  version: filled,
});
const SOURCE = object(
  { grade: is(SAY.grade, (value) => ['G0', 'G1', 'G2'].includes(value)), kind: filled },
  true,
);

const COMMITMENT_KEYS = object({
  excluded: counts,
  inputs: object({ history: hexOrNull, inspectors: hexOrNull, items: hex, subjects: hex }),
  matcher: orNull(STRATEGY),
  nonce: text,
  parent: hexOrNull,
  protocol,
  sampler: STRATEGY,
  sheet_sha256: hex,
  source: SOURCE,
  task: object({ as_of: date, id: filled, items, reserves: count }, true),
});

const COMMITMENT = (value, where, add) => {
  COMMITMENT_KEYS(value, where, add);
  if (!(value instanceof Map)) return;
  const inputs = value.get('inputs');
  const matched = value.get('matcher') instanceof Map && inputs instanceof Map;
  if (matched && inputs.get('inspectors') === null) {
    add(`${where}.inputs.inspectors`, SAY.hex, null); // a matcher was committed, so it had inspectors
  }
};

const DRAW = object({
  cells: list(object({ last_ticket: hexOrNull, size: count, take: count })),
  commitment: COMMITMENT,
  inspectors_seed: hexOrNull,
  odds_sha256: hexOrNull,
  protocol,
  randomness: filled,
  reserves: list(object({ cell: count, subject: filled, ticket: hex })),
  seed: hex,
  subjects_seed: hex,
  visits: list(
    object({
      cells: list(count),
      items: list(filled),
      subject: filled,
      team: orNull(team),
      ticket: hex,
    }),
  ),
});

const RECUSAL = object({ decided: date, leaving: people, reason: filled, staying: people });

const STAGE_COMMITMENT_KEYS = object({
  inputs: object({ history: hexOrNull, inspectors: hex, items: hex, subjects: hex }),
  kind: is(SAY.kind, (value) => value === 'teams' || value === 'recusal'),
  matcher: STRATEGY,
  nonce: text,
  odds_sha256: hex,
  parent: hex,
  protocol,
  recusal: anything,
  source: SOURCE,
  task: object({ as_of: date, id: filled }),
  visits: people,
});

const STAGE_COMMITMENT = (value, where, add) => {
  let wrong = false;
  STAGE_COMMITMENT_KEYS(value, where, (...finding) => {
    wrong = true;
    add(...finding);
  });
  if (wrong) return;
  const recusal = value.get('recusal');
  if (value.get('kind') === 'teams') {
    if (recusal !== null) add(`${where}.recusal`, SAY.recusalNull, recusal);
    return;
  }
  RECUSAL(recusal, `${where}.recusal`, (...finding) => {
    wrong = true;
    add(...finding);
  });
  if (wrong) return;
  const leaving = recusal.get('leaving');
  if (leaving.length === 0) add(`${where}.recusal.leaving`, SAY.leavingSomebody, leaving);
  const both = recusal.get('staying').filter((id) => leaving.includes(id));
  if (both.length) add(`${where}.recusal`, SAY.disjoint, both);
  if (value.get('visits').length !== 1) add(`${where}.visits`, SAY.oneVisit, value.get('visits'));
};

const STAGE = object({
  commitment: STAGE_COMMITMENT,
  inspectors_seed: hex,
  protocol,
  randomness: filled,
  seed: hex,
  teams: list(object({ subject: filled, team })),
});

const isStage = (value) => value instanceof Map && value.has('teams') && !value.has('visits');

// ------------------------------------------------------------------------------- seeds and tickets

function field(bytes) {
  const out = new Uint8Array(8 + bytes.length);
  new DataView(out.buffer).setBigUint64(0, BigInt(bytes.length));
  out.set(bytes, 8);
  return out;
}

function join(...parts) {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

const hash = (...parts) => hexOf(sha256(join(...parts)));

export function seedOf(taskId, commitment, randomness) {
  const parts = [utf8(PROTOCOL), utf8(taskId), bytesOf(commitment), utf8(randomness)];
  return hash(...parts.map(field));
}

export function purposeSeed(seed, purpose) {
  return hash(field(utf8(purpose)), field(bytesOf(seed)));
}

export const ticketOf = (subjectsSeed, id) => hash(utf8(`${subjectsSeed}:${id}`));

// The tickets of many ids: eight words each, in `words`. The purpose seed in hex is exactly the first
// block of each message, so that block is done once.
class Tickets {
  constructor(subjectsSeed, size) {
    this.words = new Uint32Array(8 * size);
    this.first = new Uint32Array(START);
    this.message = new Uint8Array(4096);
    this.message.set(utf8(`${subjectsSeed}:`));
    compress(this.first, this.message, 0);
    this.state = new Uint32Array(8);
    this.encoder = new TextEncoder();
  }

  set(position, id) {
    if (65 + 3 * id.length > this.message.length) {
      const larger = new Uint8Array(65 + 6 * id.length);
      larger.set(this.message.subarray(0, 65));
      this.message = larger;
    }
    const length = 65 + this.encoder.encodeInto(id, this.message.subarray(65)).written;
    this.state.set(this.first);
    let at = 64;
    for (; at + 64 <= length; at += 64) compress(this.state, this.message, at);
    this.words.set(finish(this.state, this.message, at, length), 8 * position);
  }

  hex(position) {
    let out = '';
    for (let i = 8 * position; i < 8 * position + 8; i++) {
      out += this.words[i].toString(16).padStart(8, '0');
    }
    return out;
  }

  // All positions, by ticket, then by position, which is by id.
  order() {
    const { words } = this;
    return new Uint32Array(words.length / 8)
      .map((_, position) => position)
      .sort((a, b) => {
        for (let i = 0; i < 8; i++) {
          const x = words[8 * a + i];
          const y = words[8 * b + i];
          if (x !== y) return x < y ? -1 : 1;
        }
        return a - b;
      });
  }
}

// ------------------------------------------------------------------------------------- the sheet

// Reads a line `["id",[cell or null, …]]` of a sheet: a form of its own, since there may be millions.
function sheetLine(text, span, width, cells, where, report) {
  const line = valueIn(text, span, 9, where, report);
  const shaped =
    Array.isArray(line) &&
    line.length === 2 &&
    isText(line[0]) &&
    line[0] !== '' &&
    Array.isArray(line[1]);
  if (!shaped || line[1].length !== width) report.stop(9, where, SAY.sheetLine, line);
  let some = false;
  for (const cell of line[1]) {
    if (cell === null) continue;
    if (!isCount(cell) || cell >= cells) report.stop(9, where, SAY.cellNumber, cell);
    some = true;
  }
  if (!some) report.stop(9, where, SAY.oneItem, line);
  return line;
}

function sheetHeader(text, span, commitment, report) {
  const where = 'sheet line 1';
  const header = valueIn(text, span, 8, where, report);
  const pair = is(
    SAY.pair,
    (value) =>
      Array.isArray(value) && value.length === 2 && value.every(isCount) && value[1] <= value[0],
  );
  object({ cells: list(pair), items, protocol, task_id: filled })(header, where, (...finding) =>
    report.add(8, ...finding),
  );
  report.passed(8);
  const task = commitment.get('task');
  report.differ(8, `${where}.task_id`, task.get('id'), header.get('task_id'));
  if (!same(task.get('items'), header.get('items'))) {
    report.add(8, `${where}.items`, task.get('items'), header.get('items'));
  }
  report.passed(8);
  return { cells: header.get('cells'), items: header.get('items') };
}

// Checks 8 to 10. The sheet as {cells, items, ids, lines}; lines are lists of cell numbers and null.
async function readSheet(bytes, commitment, report, pause) {
  const text = textOfLines(bytes, 8, 'sheet', report);
  const spans = linesOf(text);
  const { cells, items: names } = sheetHeader(text, spans.next().value, commitment, report);
  const sizes = new Array(cells.length).fill(0);
  const ids = [];
  const lines = [];
  let number = 1;
  for (const span of spans) {
    number++;
    const where = `sheet line ${number}`;
    const [id, line] = sheetLine(text, span, names.length, cells.length, where, report);
    if (ids.length && compareIds(ids[ids.length - 1], id) >= 0)
      report.stop(9, where, SAY.lineOrder, id);
    for (let i = 0; i < line.length; i++) {
      if (line[i] !== null && line.indexOf(line[i]) === i) sizes[line[i]]++;
    }
    ids.push(id);
    lines.push(line);
    if (number % 20000 === 0) await pause(number);
  }
  if (ids.length === 0) report.stop(9, 'sheet', SAY.someLine, undefined);
  sizes.forEach((size, cell) => {
    report.differ(10, `sheet line 1.cells[${cell}][0]`, size, cells[cell][0]);
  });
  report.passed(10);
  return { cells, items: names, ids, lines };
}

// ------------------------------------------------------------------------------------ a draw's checks

// Who is taken and who is in reserve: the n lowest tickets of each cell, and the next ones.
async function select(sheet, subjectsSeed, spare, pause) {
  const { cells, ids, lines } = sheet;
  const tickets = new Tickets(subjectsSeed, ids.length);
  for (let position = 0; position < ids.length; position++) {
    tickets.set(position, ids[position]);
    if (position % 20000 === 19999) await pause(position);
  }
  const seen = new Array(cells.length).fill(0);
  const last = new Array(cells.length).fill(null);
  const reserves = cells.map(() => []);
  const visits = [];
  for (const position of tickets.order()) {
    const line = lines[position];
    const took = [];
    for (const cell of new Set(line)) {
      if (cell === null) continue;
      const before = seen[cell]++;
      if (before < cells[cell][1]) {
        took.push(cell);
        last[cell] = tickets.hex(position);
      } else if (before < cells[cell][1] + spare) {
        reserves[cell].push({ cell, subject: ids[position], ticket: tickets.hex(position) });
      }
    }
    if (took.length) {
      visits.push({
        cells: took.sort((a, b) => a - b),
        items: sheet.items.filter((_, i) => took.includes(line[i])),
        subject: ids[position],
        ticket: tickets.hex(position),
      });
    }
  }
  const drawn = cells.map(([size, take], cell) => ({ last_ticket: last[cell], size, take }));
  return { cells: drawn, visits, reserves: reserves.flat() };
}

// Check 12 for one of the record's lists: as long as it must be, and each value the same.
function compareList(report, where, expected, stated) {
  if (expected.length !== stated.length)
    report.add(12, `${where}, length`, expected.length, stated.length);
  for (let i = 0; i < Math.min(expected.length, stated.length); i++) {
    const { subject } = expected[i];
    if (subject !== stated[i].get('subject')) {
      report.add(12, `${where}[${i}].subject`, subject, stated[i].get('subject'));
      continue; // of somebody else all the rest differs as well
    }
    for (const [key, value] of Object.entries(expected[i])) {
      const found = stated[i].get(key);
      const equal = Array.isArray(value) ? same(value, found) : value === found;
      if (!equal) report.add(12, `${where}[${i}].${key}`, value, found);
    }
  }
}

async function checkDraw(record, sheetBytes, seeds, report, pause) {
  const commitment = record.get('commitment');
  const found = await digest(sheetBytes);
  if (found !== commitment.get('sheet_sha256')) {
    report.stop(7, 'sheet', commitment.get('sheet_sha256'), found);
  }
  const sheet = await readSheet(sheetBytes, commitment, report, pause);
  const visits = record.get('visits');
  const stated = record.get('odds_sha256');
  if (commitment.get('matcher') === null) {
    if (stated !== null) report.add(11, 'record.odds_sha256', SAY.noOdds, stated);
    visits.forEach((visit, i) => {
      if (visit.get('team') !== null)
        report.add(11, `record.visits[${i}].team`, SAY.noTeam, visit.get('team'));
    });
  } else if (commitment.get('matcher').get('parameters').get('partial') !== true) {
    visits.forEach((visit, i) => {
      if (visit.get('team') === null) report.add(11, `record.visits[${i}].team`, SAY.aTeam, null);
    });
  }
  const spare = commitment.get('task').get('reserves');
  const drawn = await select(sheet, seeds.subjects, spare, pause);
  for (const key of ['cells', 'visits', 'reserves']) {
    compareList(report, `record.${key}`, drawn[key], record.get(key));
  }
  const teams = new Map();
  for (const visit of visits) {
    if (visit.get('team') !== null) teams.set(visit.get('subject'), visit.get('team'));
  }
  return { stated, teams, staying: [], leaving: [] };
}

// ----------------------------------------------------------------------------------- a stage's checks

const teamsOf = (record) =>
  new Map(
    (record.get('visits') ?? record.get('teams')).map((each) => [
      each.get('subject'),
      each.get('team'),
    ]),
  );

// Check 10: do the stage's visits, or its recusal, suit the record before?
function suitsParent(commitment, parent, report) {
  const kind = commitment.get('kind');
  const visits = commitment.get('visits');
  const before = parent.get('commitment');
  report.differ(
    10,
    'record.commitment.task.id',
    before.get('task').get('id'),
    commitment.get('task').get('id'),
  );
  const teams = teamsOf(parent);
  if (kind === 'teams') {
    const drawn = !isStage(parent) && [...teams.values()].every((each) => each === null);
    if (!drawn)
      report.add(
        10,
        'record before',
        SAY.parentDraw,
        isStage(parent) ? before.get('kind') : SAY.team,
      );
    const all = sorted(teams.keys());
    if (!same(all, visits)) addDifference(report, 10, 'record.commitment.visits', all, visits);
    return;
  }
  const [subject] = visits;
  const other = isStage(parent) && before.get('kind') === 'recusal' && !teams.has(subject);
  if (other) {
    report.unchecked.push('team before');
    return;
  }
  const recusal = commitment.get('recusal');
  const together = sorted([...recusal.get('leaving'), ...recusal.get('staying')]);
  const team = teams.get(subject) ?? null;
  if (team === null) report.add(10, `record before, ${subject}`, SAY.parentTeam, team);
  else if (!same(team, together)) report.add(10, 'record.commitment.recusal', team, together);
}

async function checkStage(record, parentBytes, report) {
  const commitment = record.get('commitment');
  const found = await digest(parentBytes);
  if (found !== commitment.get('parent'))
    report.stop(7, 'record before', commitment.get('parent'), found);
  let parent;
  try {
    parent = parseCanonical(parentBytes);
  } catch (error) {
    refuse(error, 8, 'record before', report);
  }
  const form = isStage(parent) ? STAGE : DRAW;
  form(parent, 'record before', (...finding) => report.add(8, ...finding));
  report.passed(8);
  suitsParent(commitment, parent, report);

  const visits = commitment.get('visits');
  const entries = record.get('teams');
  const subjects = entries.map((entry) => entry.get('subject'));
  if (!same(visits, subjects)) addDifference(report, 12, 'record.teams', visits, subjects);
  const recusal = commitment.get('recusal');
  const staying = recusal ? recusal.get('staying') : [];
  const leaving = recusal ? recusal.get('leaving') : [];
  if (recusal) {
    entries.forEach((entry, i) => {
      const where = `record.teams[${i}].team`;
      const team = entry.get('team');
      if (!staying.every((id) => team.includes(id))) report.add(12, where, SAY.teamStays, team);
      if (leaving.some((id) => team.includes(id))) report.add(12, where, SAY.teamLeft, team);
      if (team.length !== staying.length + leaving.length)
        report.add(12, where, SAY.teamSize, team);
    });
  }
  const teams = new Map(entries.map((entry) => [entry.get('subject'), entry.get('team')]));
  return { stated: commitment.get('odds_sha256'), teams, staying, leaving, visits, recusal };
}

// ------------------------------------------------------------------------------ the table and rounding

// Check 13, the header: {bits, capacities, inspectors}.
function oddsHeader(text, span, report, stop) {
  const where = 'odds line 1';
  const header = valueIn(text, span, 13, where, report);
  object({ bits: anything, capacities: anything, inspectors: people, protocol })(
    header,
    where,
    stop,
  );
  const bits = header.get('bits');
  const capacities = header.get('capacities');
  const inspectors = header.get('inspectors');
  if (!isCount(bits) || bits < 1 || bits > 30) stop(`${where}.bits`, SAY.bits, bits);
  const right =
    Array.isArray(capacities) &&
    capacities.length === inspectors.length &&
    capacities.every((capacity) => capacity === null || isCount(capacity));
  if (!right) stop(`${where}.capacities`, SAY.capacities, capacities);
  return { bits, capacities, inspectors };
}

const ascendingNumbers = (numbers) => numbers.every((n, i) => i === 0 || numbers[i - 1] < n);

// Check 13, a slot: its form, and that it adds up. Sums stay exact: a sum is below 2^53 unless a slot
// has more than eight million people, and a product with 2^bits is exact in floating point.
function checkSlot(slot, where, header, stop) {
  const one = 2 ** header.bits;
  const shaped =
    Array.isArray(slot) && slot.length === 3 && Array.isArray(slot[1]) && Array.isArray(slot[2]);
  if (!shaped || slot[1].length !== slot[2].length) stop(where, SAY.slot, slot);
  const [places, who, numerators] = slot;
  if (!isCount(places) || places < 1) stop(where, SAY.places, places);
  const known = who.every((i) => isCount(i) && i < header.inspectors.length);
  if (!known || !ascendingNumbers(who)) stop(where, SAY.people, who);
  if (!numerators.every((n) => isCount(n) && n >= 1 && n <= one))
    stop(where, SAY.numerators, numerators);
  const sum = numerators.reduce((a, b) => a + b, 0);
  if (sum !== places * one) stop(where, SAY.slotSum, sum);
}

// Check 13: the table as {bits, inspectors, subjects, entries}, an entry being {line, slot, who, value}.
function readOdds(bytes, report) {
  const stop = (where, expected, found) => report.stop(13, where, expected, found);
  const text = textOfLines(bytes, 13, 'odds', report);
  const spans = linesOf(text);
  const header = oddsHeader(text, spans.next().value, report, stop);
  const one = 2 ** header.bits;
  const totals = new Array(header.inspectors.length).fill(0);
  const subjects = [];
  const entries = [];
  let places = 0;
  for (const span of spans) {
    const line = subjects.length;
    const where = `odds line ${line + 2}`;
    const read = valueIn(text, span, 13, where, report);
    const shaped =
      Array.isArray(read) && read.length === 2 && isText(read[0]) && Array.isArray(read[1]);
    if (!shaped || read[0] === '' || read[1].length === 0) stop(where, SAY.oddsLine, read);
    const [subject, slots] = read;
    if (line && compareIds(subjects[line - 1], subject) >= 0) stop(where, SAY.lineOrder, subject);
    subjects.push(subject);
    const pairs = new Map();
    slots.forEach((slot, number) => {
      checkSlot(slot, `${where}, slot ${number}`, header, stop);
      places += slot[0];
      slot[1].forEach((who, i) => {
        const value = slot[2][i];
        entries.push({ line, slot: number, who, value });
        pairs.set(who, (pairs.get(who) ?? 0) + value);
        totals[who] += value;
      });
    });
    for (const [who, sum] of pairs) {
      if (sum > one) stop(`${where}, ${header.inspectors[who]}`, SAY.pairSum, sum);
    }
  }
  totals.forEach((total, who) => {
    const capacity = header.capacities[who];
    if (capacity !== null && total > capacity * one) {
      stop(`odds line 1, ${header.inspectors[who]}`, SAY.capacitySum, total);
    }
  });
  return { bits: header.bits, inspectors: header.inspectors, subjects, entries, places };
}

// The coin of a cycle, by its leader.
function coin(inspectorsSeed, bit, subject, { slot, who }) {
  const fields = [bit, subject, slot, Math.floor(who / 256)].map((each) =>
    field(utf8(String(each))),
  );
  const number = who % 256;
  return (
    (sha256(join(utf8(`${inspectorsSeed}:`), ...fields))[number >> 3] >> (7 - (number & 7))) & 1
  );
}

// Links entries two by two as they come; one may be left, and is handed on.
class Linker {
  constructor(links) {
    this.links = links;
    this.left = -1;
  }

  push(entry) {
    if (this.left < 0) {
      this.left = entry;
    } else {
      this.links[this.left] = entry;
      this.links[entry] = this.left;
      this.left = -1;
    }
  }

  handTo(other) {
    if (this.left >= 0) other.push(this.left);
    this.left = -1;
  }
}

// Rounding (docs/spec.md, 2): for each subject of the table its team, ascending.
export function round(table, inspectorsSeed) {
  const { bits, inspectors, subjects, entries } = table;
  const values = Int32Array.from(entries, (entry) => entry.value);
  const byPerson = entries
    .map((_, i) => i)
    .sort((a, b) => entries[a].who - entries[b].who || a - b);
  const inSlot = new Int32Array(entries.length);
  const inPerson = new Int32Array(entries.length);
  for (let bit = 0; bit < bits; bit++) {
    const step = 2 ** bit;
    const active = (entry) => (values[entry] & step) !== 0;
    inSlot.fill(-1);
    inPerson.fill(-1);

    const slots = new Linker(inSlot); // step 1: an even number in each slot, so none is left between
    for (let entry = 0; entry < entries.length; entry++) if (active(entry)) slots.push(entry);

    const visit = new Linker(inPerson); // step 2
    const person = new Linker(inPerson);
    const everybody = new Linker(inPerson);
    let before = null;
    for (const entry of byPerson) {
      const now = entries[entry];
      if (before && (before.who !== now.who || before.line !== now.line)) visit.handTo(person);
      if (before && before.who !== now.who) person.handTo(everybody);
      if (active(entry)) visit.push(entry);
      before = now;
    }
    visit.handTo(person);
    person.handTo(everybody);

    const done = new Uint8Array(entries.length); // steps 3 and 4
    const gains = new Int32Array(entries.length);
    for (let leader = 0; leader < entries.length; leader++) {
      if (!active(leader) || done[leader]) continue;
      const { line } = entries[leader];
      const sign = coin(inspectorsSeed, bit, subjects[line], entries[leader]) ? step : -step;
      for (let entry = leader; !done[entry]; entry = inPerson[inSlot[entry]]) {
        done[entry] = done[inSlot[entry]] = 1;
        gains[entry] = sign;
        gains[inSlot[entry]] = -sign;
      }
    }
    for (let entry = 0; entry < entries.length; entry++) values[entry] += gains[entry];
  }
  const teams = subjects.map(() => []);
  entries.forEach(({ line, who }, entry) => {
    if (values[entry] !== 0) teams[line].push(inspectors[who]);
  });
  return new Map(subjects.map((subject, line) => [subject, sorted(teams[line])]));
}

async function checkTeams(drawn, odds, inspectorsSeed, report) {
  const { stated, teams, staying, leaving } = drawn;
  if (stated === null && odds !== null) {
    report.stop(13, 'odds', SAY.oddsNotStated, await digest(odds));
  }
  if (odds === null) return;
  const found = await digest(odds);
  if (found !== stated) report.stop(13, 'odds', stated, found);
  const table = readOdds(odds, report);
  const subjects = drawn.visits ?? sorted(teams.keys());
  if (!same(table.subjects, subjects)) addDifference(report, 13, 'odds', subjects, table.subjects);
  report.passed(13);
  if (drawn.recusal) {
    if (table.places !== leaving.length)
      report.stop(13, 'odds line 2', SAY.substitutes, table.places);
    for (const { who } of table.entries) {
      const id = table.inspectors[who];
      if (staying.includes(id) || leaving.includes(id))
        report.stop(13, 'odds line 2', SAY.notCandidate, id);
    }
  }
  for (const [subject, members] of round(table, inspectorsSeed)) {
    const expected = sorted([...staying, ...members]);
    const team = teams.get(subject) ?? [];
    if (!same(expected, team)) report.add(14, `team of ${subject}`, expected, team);
  }
}

// ------------------------------------------------------------------------------------------ verify

const isBytes = (value) => value instanceof Uint8Array;

async function check(recordBytes, otherBytes, options, report) {
  const odds = options.odds ?? null;
  const published = options.commitment ?? null;
  const source = options.randomness ?? null;
  const pause = options.pause ?? (() => {});

  if (!isBytes(recordBytes)) report.add(1, 'record', SAY.bytes, recordBytes);
  if (!isBytes(otherBytes)) report.add(1, 'sheet', SAY.bytes, otherBytes);
  if (odds !== null && !isBytes(odds)) report.add(1, 'odds', SAY.bytes, odds);
  if (published !== null && !isText(published)) report.add(1, 'commitment', SAY.text, published);
  if (source !== null && !isText(source)) report.add(1, 'randomness', SAY.text, source);
  if (published === null) report.unchecked.push('commitment');
  if (source === null) report.unchecked.push('randomness');
  report.passed(1);

  let record;
  let committed;
  try {
    const text = decode(recordBytes);
    const reader = new Reader(text);
    record = reader.whole();
    // The record is canonical, so what stands in it is the commitment's own canonical bytes.
    committed = await digest(utf8(text.slice(...(reader.spans.get('commitment') ?? [0, 0]))));
  } catch (error) {
    refuse(error, 2, 'record', report);
  }

  const stage = isStage(record);
  (stage ? STAGE : DRAW)(record, 'record', (...finding) => report.add(3, ...finding));
  report.passed(3);
  const commitment = record.get('commitment');

  if (published !== null) report.differ(4, 'record.commitment', published, committed);
  if (source !== null) report.differ(5, 'record.randomness', source, record.get('randomness'));

  const seed = seedOf(commitment.get('task').get('id'), committed, record.get('randomness'));
  const seeds = {
    subjects: purposeSeed(seed, 'subjects'),
    inspectors: purposeSeed(seed, 'inspectors'),
  };
  const withTeams = stage || commitment.get('matcher') !== null;
  report.differ(6, 'record.seed', seed, record.get('seed'));
  if (!stage) report.differ(6, 'record.subjects_seed', seeds.subjects, record.get('subjects_seed'));
  report.differ(
    6,
    'record.inspectors_seed',
    withTeams ? seeds.inspectors : null,
    record.get('inspectors_seed'),
  );

  if (withTeams && odds === null) report.unchecked.push('odds', 'teams');
  else if (withTeams && !stage) report.unchecked.push('matcher');
  else if (stage && commitment.get('kind') === 'recusal') report.unchecked.push('published odds');

  const drawn = stage
    ? await checkStage(record, otherBytes, report)
    : await checkDraw(record, otherBytes, seeds, report, pause);
  await checkTeams(drawn, odds, seeds.inspectors, report);
}

// The report of a record with its sheet (for a stage: with the record before), both Uint8Array:
// {ok, findings: [{number, severity, where, expected, found}], unchecked}. Options: `odds` (Uint8Array),
// `commitment` (the published digest, in hex), `randomness` (the source's text), and `pause`, a function
// awaited every 20,000 lines, so that a page can breathe. It never throws.
export async function verify(record, sheet, options = {}) {
  const report = new Report();
  try {
    await check(record, sheet, options ?? {}, report);
  } catch (error) {
    if (!(error instanceof Stop)) report.add(1, 'verifier', SAY.noError, String(error), 'fatal');
  }
  return report.result();
}

// ------------------------------------------------------------------------------ what a page asks besides

const firstLine = (bytes) => {
  const end = bytes.indexOf(10);
  return new TextDecoder().decode(bytes.subarray(0, end < 0 ? bytes.length : end));
};

// What a file seems to be, for sorting dropped files: 'draw', 'stage', 'sheet', 'odds', or null. Only a
// guess from its keys; verify() looks closely.
export function roleOf(bytes) {
  let value;
  try {
    value = JSON.parse(firstLine(bytes));
  } catch {
    return null;
  }
  if (value === null || typeof value !== 'object') return null;
  if ('commitment' in value) return 'teams' in value ? 'stage' : 'draw';
  if ('cells' in value && 'items' in value) return 'sheet';
  return 'bits' in value && 'inspectors' in value ? 'odds' : null;
}

// The digest that a stage names as its parent, or null.
export function parentOf(bytes) {
  try {
    return parseCanonical(bytes).get('commitment').get('parent') ?? null;
  } catch {
    return null;
  }
}

export const fileDigest = digest;

// What record and sheet say about one id: its ticket, its cells, whether it was drawn. It looks up, and
// verifies nothing: call verify() first. Null if the two cannot be read.
export function lookUp(recordBytes, sheetBytes, id) {
  try {
    const record = parseCanonical(recordBytes);
    if (isStage(record)) return { stage: true, id, team: teamsOf(record).get(id) ?? null };
    const ticket = ticketOf(record.get('subjects_seed'), id);
    const visit = record.get('visits').find((each) => each.get('subject') === id);
    const text = decode(sheetBytes);
    const spans = linesOf(text);
    const header = new Reader(text, ...spans.next().value).whole();
    const line = lineOf(text, spans, id);
    const cells = [...new Set(line ?? [])].filter((cell) => cell !== null);
    return {
      stage: false,
      id,
      ticket,
      listed: line !== null,
      drawn: visit !== undefined,
      team: visit?.get('team') ?? null,
      cells: cells.map((cell) => ({
        cell,
        items: header.get('items').filter((_, i) => line[i] === cell),
        size: record.get('cells')[cell].get('size'),
        take: record.get('cells')[cell].get('take'),
        lastTicket: record.get('cells')[cell].get('last_ticket'),
        taken: visit?.get('cells').includes(cell) ?? false,
        reserve: reserveOf(record, cell, id),
      })),
    };
  } catch {
    return null;
  }
}

// The cells of an id on the sheet, or null: lines that hold its text are read, all others skipped.
function lineOf(text, spans, id) {
  const start = `[${JSON.stringify(id)},`;
  for (const [from, to] of spans) {
    if (text.startsWith(start, from)) return new Reader(text, from, to).whole()[1];
  }
  return null;
}

// The place of an id among the reserves of a cell, from 1, or null.
function reserveOf(record, cell, id) {
  const place = record
    .get('reserves')
    .filter((each) => each.get('cell') === cell)
    .findIndex((each) => each.get('subject') === id);
  return place < 0 ? null : place + 1;
}

// ------------------------------------------------------------------------------------- the command

const USAGE = 'node verify.mjs RECORD SHEET [--odds F] [--commitment HEX] [--randomness TEXT]';

async function main(words) {
  const { readFile } = await import('node:fs/promises');
  const given = { files: [] };
  for (let i = 0; i < words.length; i++) {
    const option = /^--(odds|commitment|randomness)(?:=([^]*))?$/.exec(words[i]);
    if (option) given[option[1]] = option[2] ?? words[++i];
    else given.files.push(words[i]);
  }
  const { files, odds, commitment, randomness } = given;
  const incomplete = Object.values(given).includes(undefined);
  if (files.length !== 2 || incomplete || files.some((file) => file.startsWith('--'))) {
    console.error(`usage: ${USAGE}`);
    return 2;
  }
  const read = (file) =>
    readFile(file).then(
      (buffer) => new Uint8Array(buffer),
      (error) => error.message,
    );
  const [record, sheet] = await Promise.all(files.map(read));
  const options = {
    commitment,
    randomness,
    odds: odds === undefined ? undefined : await read(odds),
  };
  const { ok, findings, unchecked } = await verify(record, sheet, options);
  for (const { number, severity, where, expected, found } of findings) {
    console.log(`${number} ${severity} ${where}: expected ${expected}; found ${found}`);
  }
  if (unchecked.length) console.log(`unchecked: ${unchecked.join(', ')}`);
  console.log(ok ? 'ok' : 'not ok');
  return ok ? 0 : 1;
}

// Only where Node was started with this very file.
if (globalThis.process?.versions?.node && process.argv[1]) {
  const [{ pathToFileURL }, { realpath }] = await Promise.all([
    import('node:url'),
    import('node:fs/promises'),
  ]);
  const started = await realpath(process.argv[1]).catch(() => process.argv[1]);
  if (import.meta.url === pathToFileURL(started).href)
    process.exitCode = await main(process.argv.slice(2));
}
