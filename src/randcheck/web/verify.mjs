// Verifies what protocol randcheck/v1 publishes: draws and stages, the proof of one firm, successors of a
// record, an exported ledger. Bytes in, numbered findings out.
//
// Written from the specification alone (docs/spec.md and its annexes), without the Python code: a second
// implementation, so that a mistake in one of the two shows. No dependencies; it runs in browsers and in
// Node. As a command:
//
//     node verify.mjs RECORD SHEET [--odds F] [--commitment HEX] [--randomness TEXT]
//
// For a stage (a second step, a recusal) the second file is the record that it goes on from.
// Exit 0: nothing that was given failed; 1: something did; 2: wrong usage.
//
// In this order below: SHA-256, strict canonical JSON, forms, seeds and tickets, the checks of a draw,
// those of a stage, odds tables and rounding, verify(), checkProof(), checkSuccessor(), verifyLedger(),
// what a page asks besides, the command.

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
  teamLeast: 'as many people as team_size of the matcher says',
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
  texts: 'texts, at least one',
  base64: 'Base64 in its one form (RFC 4648, section 4)',
  fromOne: 'a whole number from 1',
  place: 'a place in the tree, below its size',
  bytes16: '16 bytes',
  bytes32: '32 bytes',
  bytesBeside: '32 bytes for each other line of the page',
  bytesKeys: '32 bytes for each line of the page',
  onePage: 'one page, or two',
  cellOrNull: 'a cell or null for each item, and one cell at least',
  oddsRows: '[cell, size, take] for each cell of the line, ascending',
  oddsWithin: 'a take within the size, and a size within the number of lines',
  pagesFollow: 'pages of the tree that follow each other',
  keysAscend: 'keys that ascend',
  keyNotAmong: 'not the key of the firm asked for',
  keyBelow: 'a key below that of the firm, or the first page of the tree',
  keyAbove: 'a key above that of the firm, or the last page of the tree',
  aDraw: 'the record of a draw, or its public form',
  lastTicket: 'a ticket, or none where nobody is taken',
  lastVisit: 'the ticket of a visit',
  drawnHere: 'drawn',
  notDrawnHere: 'not drawn',
  noVisit: 'no visit, since no cell took it',
  visitedOnce: 'one visit',
  evidence: 'what it is, with its SHA-256 or null, at least one',
  reason: 'gone, moved or not found',
  twoPeople: 'at least two persons in ascending order, each once',
  trueOrFalse: 'true or false',
  someAbsence: 'at least one absence',
  recordHolds: 'a record of a draw that holds with its sheet',
  concerned: 'one who is drawn or a reserve',
  absentOnce: 'one who is not absent already',
  follows: 'what follows from its absences',
  words: 'a text that is not blank',
  time: 'a time such as 2026-07-01T09:30:00Z',
  eventKind: 'a kind of event',
  ids: 'at least one id, in ascending order, each once',
  notEarlier: 'a time that is not before that of the event before',
  head: 'a head such as 17:5f…, sequence and digest',
  headThere: 'a chain that goes on from this head',
  planNext: 'the next version of the plan',
  planReason: 'a reason from version 2 on, null in version 1',
  planLast: 'the last version of a plan that is published',
  commitmentOwn: 'a digest that no commitment had before',
  commitmentEnded: 'that the commitment before was drawn or abandoned',
  repeats: 'the commitment before of the same task or record, null if there is none',
  repeatsReason: 'a reason where another one is repeated, null elsewhere',
  commitmentThere: 'a commitment of this kind that is there',
  inForce: 'what is in force',
  abandonedOrRepeated: 'a commitment that was abandoned or repeated',
  randomnessOnce: 'one randomness for a commitment',
  randomnessFirst: 'its randomness first',
  recordOnce: 'one record for a commitment',
  recordOwn: 'a digest that no record had before',
  recordThere: 'a record that is there',
  confirmedOnce: 'one confirmation for a record',
  confirmedFirst: 'a record that is confirmed',
  drawOnly: 'the record of a draw, or a successor of it',
  successorOnce: 'one successor for a record or successor',
  successorOwn: 'a digest that no successor had before',
  witnessBefore: 'an event before this one',
  witnessOnce: 'a head that this outsider has not seen in the same way',
  officeLast: 'the last event about the same thing, null if there is none',
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

// The same for a proof (docs/proofs.md), a successor (docs/replacement.md) and a ledger (docs/ledger.md).
export const PROOF_CHECKS = {
  1: 'The proof is canonical JSON.',
  2: 'It has exactly the keys of a proof, each of the right form and length.',
  3: 'It is the proof of the firm asked for.',
  4: "The line has a cell or null for each item, and the odds have exactly the line's cells.",
  5: 'What is stated leads to the root that was published.',
  6: "For a firm that is not in the frame: the keys shown leave no place for the firm's.",
  7: 'The record that was given is of the same task and cells, and its seeds follow.',
  8: "The firm's fate follows from its ticket and the last ticket of each cell.",
};

export const SUCCESSOR_CHECKS = {
  1: 'What is given can be read.',
  2: 'Successors are canonical JSON of the right form, their absences complete.',
  3: 'Record and sheet hold, earlier successors follow, and those absent are concerned.',
  4: 'It goes on from the record and the successor before, with the number that was announced.',
  5: 'Absences are in ticket order.',
  6: 'Substitutes, reserves passed over and what is not replaced follow.',
  7: 'The visits follow.',
};

export const LEDGER_CHECKS = {
  1: 'What is given can be read.',
  2: 'Each event is one line of canonical JSON, ended by a newline.',
  3: 'Each event has exactly the keys of the protocol and of its kind, each of the right form.',
  4: 'Sequences count from 0, each by one.',
  5: 'Each event names the digest of the one before.',
  6: 'Times do not go back.',
  7: "Each event comes at its time in a draw's life.",
  8: 'The head that was kept is in the chain: nothing before it was rewritten.',
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

// The canonical JSON of a value made of Maps or objects, lists, texts, whole numbers, true, false, null.
function write(value) {
  if (Array.isArray(value)) return `[${value.map(write).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const pairs = value instanceof Map ? [...value] : Object.entries(value);
  pairs.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${pairs.map(([key, each]) => `${JSON.stringify(key)}:${write(each)}`).join(',')}}`;
}

const equal = (a, b) => a === b || write(a) === write(b);

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
      text = JSON.stringify(plain(value)) ?? String(value);
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

  // Runs checks, whatever they meet: what they did not foresee is a finding too.
  async run(checks) {
    try {
      await checks();
    } catch (error) {
      if (!(error instanceof Stop)) this.add(1, 'verifier', SAY.noError, String(error), 'fatal');
    }
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

const isBytes = (value) => value instanceof Uint8Array;

// Check 1: what is given, [where, value] each, is bytes or text.
function readable(files, texts, report) {
  for (const [where, value] of files) if (!isBytes(value)) report.add(1, where, SAY.bytes, value);
  for (const [where, value] of texts) if (!isText(value)) report.add(1, where, SAY.text, value);
  report.passed(1);
}

// The one value of a file.
function valueOf(bytes, number, where, report) {
  try {
    return parseCanonical(bytes);
  } catch (error) {
    return refuse(error, number, where, report);
  }
}

// A record, and the digest of its commitment: the record is canonical, so what stands in it is the
// commitment's own canonical bytes.
async function recordOf(bytes, number, report) {
  try {
    const text = decode(bytes);
    const reader = new Reader(text);
    const record = reader.whole();
    const committed = text.slice(...(reader.spans.get('commitment') ?? [0, 0]));
    return { record, committed: await digest(utf8(committed)) };
  } catch (error) {
    return refuse(error, number, 'record', report);
  }
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
const BLANK = /^[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*$/;
const isWords = (value) => isText(value) && !BLANK.test(value);
const isPlain = (value) => isWords(value) && !/[\0-\x1f\x7f]/.test(value);
const NO_ID = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|[^\P{Nd}0-9]|^\p{Zs}|\p{Zs}$/u;
const isId = (value) => value !== '' && value === value.normalize('NFC') && !NO_ID.test(value);
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
const fromOne = is(SAY.fromOne, (value) => isCount(value) && value >= 1);
const trueOrFalse = is(SAY.trueOrFalse, (value) => typeof value === 'boolean');
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
const grade = is(SAY.grade, (value) => ['G0', 'G1', 'G2'].includes(value));
const SOURCE = object({ grade, kind: filled }, true);

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

function eightBytes(number) {
  const out = new Uint8Array(8);
  new DataView(out.buffer).setBigUint64(0, BigInt(number));
  return out;
}

const field = (bytes) => join(eightBytes(bytes.length), bytes);

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

// One of a record's lists: as long as it must be, and each value the same.
function compareList(report, number, where, expected, stated) {
  report.differ(number, `${where}, length`, expected.length, stated.length);
  for (let i = 0; i < Math.min(expected.length, stated.length); i++) {
    const { subject } = expected[i];
    if (subject !== stated[i].get('subject')) {
      report.add(number, `${where}[${i}].subject`, subject, stated[i].get('subject'));
      continue; // of somebody else all the rest differs as well
    }
    for (const [key, value] of Object.entries(expected[i])) {
      const found = stated[i].get(key);
      if (!equal(value, found)) report.add(number, `${where}[${i}].${key}`, value, found);
    }
  }
}

// Check 11 where a matcher was committed: teams as large as its parameters say, none only if `partial`.
function checkTeamSizes(entries, where, matcher, partial, report) {
  const stated = matcher.get('parameters').get('team_size');
  const least = isCount(stated) ? Math.max(2, stated) : 2;
  entries.forEach((entry, i) => {
    const team = entry.get('team');
    const place = `${where}[${i}].team`;
    if (team === null && !partial) report.add(11, place, SAY.aTeam, team);
    if (team !== null && team.length < least) report.add(11, place, SAY.teamLeast, team);
  });
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
  } else {
    const matcher = commitment.get('matcher');
    const partial = matcher.get('parameters').get('partial') === true;
    checkTeamSizes(visits, 'record.visits', matcher, partial, report);
  }
  const spare = commitment.get('task').get('reserves');
  const drawn = await select(sheet, seeds.subjects, spare, pause);
  for (const key of ['cells', 'visits', 'reserves']) {
    compareList(report, 12, `record.${key}`, drawn[key], record.get(key));
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
  const parent = valueOf(parentBytes, 8, 'record before', report);
  const form = isStage(parent) ? STAGE : DRAW;
  form(parent, 'record before', (...finding) => report.add(8, ...finding));
  report.passed(8);
  suitsParent(commitment, parent, report);

  const visits = commitment.get('visits');
  const entries = record.get('teams');
  const subjects = entries.map((entry) => entry.get('subject'));
  checkTeamSizes(entries, 'record.teams', commitment.get('matcher'), false, report);
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
  if (!isCount(places) || places < 1) stop(where, SAY.fromOne, places);
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

async function check(recordBytes, otherBytes, options, report) {
  const odds = options.odds ?? null;
  const published = options.commitment ?? null;
  const source = options.randomness ?? null;
  const pause = options.pause ?? (() => {});

  const given = ([, value]) => value !== null;
  const files = [['record', recordBytes], ['sheet', otherBytes], ...[['odds', odds]].filter(given)];
  const texts = [
    ['commitment', published],
    ['randomness', source],
  ];
  report.unchecked.push(...texts.filter((each) => !given(each)).map(([where]) => where));
  readable(files, texts.filter(given), report);
  const { record, committed } = await recordOf(recordBytes, 2, report);

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
  await report.run(() => check(record, sheet, options ?? {}, report));
  return report.result();
}

// --------------------------------------------------------------------------------- one firm's proof

// docs/proofs.md, "The rules".
const PAGE = 8; // lines of a page

const label = (name) => field(utf8(`${PROTOCOL} ${name}`));
const tagged = (tag, ...parts) => sha256(join(Uint8Array.of(tag), ...parts));
const keyOf = (task, id) => hash(label('key'), field(utf8(task)), utf8(id));

// The bytes of Base64 in its one form, or null.
function dataOf(text) {
  try {
    const data = atob(text);
    return btoa(data) === text ? Uint8Array.from(data, (each) => each.charCodeAt(0)) : null;
  } catch {
    return null;
  }
}

const base64 = is(SAY.base64, (value) => isText(value) && dataOf(value) !== null);
const BOTH = {
  items: is(SAY.texts, (value) => Array.isArray(value) && value.length > 0 && value.every(isText)),
  protocol,
  size: fromOne,
  subject: text,
  task: text,
};
const MEMBER = object({
  ...BOTH,
  beside: base64,
  keys: base64,
  line: anything,
  odds: anything,
  path: base64,
  position: count,
  salt: base64,
});
const ABSENCE = object({
  ...BOTH,
  pages: list(object({ contents: base64, keys: base64, number: count, path: base64 })),
});

const linesOfPage = (proof, number) => Math.min(PAGE, proof.get('size') - PAGE * number);

// The bytes at a key, of which there must be so many.
function bytesAt(value, key, length, expected, report) {
  const data = dataOf(value.get(key));
  if (data.length !== length) report.stop(2, `proof.${key}`, expected, data.length);
  return data;
}

// The head to which a page leads by its path, or null if the path is not as long as the way.
function climb(page, number, pages, path) {
  let node = page;
  let at = 0;
  while (pages > 1) {
    const onTheLeft = number % 2 === 0;
    if (!onTheLeft || number + 1 < pages) {
      const beside = path.subarray(at, at + 32);
      node = onTheLeft ? tagged(1, node, beside) : tagged(1, beside, node);
      at += 32;
    }
    number = Math.floor(number / 2);
    pages = Math.ceil(pages / 2);
  }
  return at === path.length ? node : null;
}

// Check 5 for one page, by the digests of its keys and of its contents.
function leadsToRoot(proof, root, number, keys, contents, path, report) {
  const pages = Math.ceil(proof.get('size') / PAGE);
  const head = climb(tagged(0, keys, contents), number, pages, dataOf(path));
  const parts = [
    utf8(proof.get('task')),
    utf8(write(proof.get('items'))),
    eightBytes(proof.get('size')),
    head ?? new Uint8Array(0),
  ];
  const found = hash(label('root'), ...parts.map(field));
  if (head === null || found !== root) report.stop(5, 'root', root, found);
}

// Check 4: [{cell, size, take}] of a line's cells.
function oddsOf(proof, report) {
  const line = proof.get('line');
  const odds = proof.get('odds');
  const whole =
    Array.isArray(line) &&
    line.length === proof.get('items').length &&
    line.every((cell) => cell === null || isCount(cell));
  const cells = whole ? [...new Set(line)].filter((cell) => cell !== null) : [];
  if (cells.length === 0) report.stop(4, 'proof.line', SAY.cellOrNull, line);
  cells.sort((a, b) => a - b);
  const row = (each) => Array.isArray(each) && each.length === 3 && each.every(Number.isInteger);
  const rows =
    Array.isArray(odds) &&
    odds.every(row) &&
    same(
      odds.map(([cell]) => cell),
      cells,
    );
  if (!rows) report.stop(4, 'proof.odds', SAY.oddsRows, odds);
  for (const [, size, take] of odds) {
    const within = 0 <= take && take <= size && size <= proof.get('size');
    if (!within) report.stop(4, 'proof.odds', SAY.oddsWithin, odds);
  }
  return odds.map(([cell, size, take]) => ({ cell, size, take }));
}

// Checks 2, 4 and 5 of a firm that has a line.
function checkMember(proof, root, report) {
  const odds = oddsOf(proof, report);
  const position = proof.get('position');
  if (position >= proof.get('size')) report.stop(2, 'proof.position', SAY.place, position);
  const number = Math.floor(position / PAGE);
  const others = 32 * (linesOfPage(proof, number) - 1);
  const salt = bytesAt(proof, 'salt', 16, SAY.bytes16, report);
  const keys = bytesAt(proof, 'keys', 32, SAY.bytes32, report);
  const beside = bytesAt(proof, 'beside', others, SAY.bytesBeside, report);
  const stated = utf8(write([proof.get('line'), proof.get('odds')]));
  const content = tagged(2, salt, field(stated), utf8(proof.get('subject')));
  const at = 32 * (position % PAGE);
  const contents = tagged(4, beside.subarray(0, at), content, beside.subarray(at));
  leadsToRoot(proof, root, number, keys, contents, proof.get('path'), report);
  return odds;
}

// Checks 2, 5 and 6 of a firm that has none.
function checkAbsence(proof, root, report) {
  const pages = proof.get('pages');
  if (pages.length !== 1 && pages.length !== 2)
    report.stop(2, 'proof.pages', SAY.onePage, pages.length);
  const first = pages[0].get('number');
  const all = Math.ceil(proof.get('size') / PAGE);
  const shown = [];
  pages.forEach((page, i) => {
    const number = page.get('number');
    if (number !== first + i || number >= all)
      report.stop(6, 'proof.pages', SAY.pagesFollow, number);
    const contents = bytesAt(page, 'contents', 32, SAY.bytes32, report);
    const keys = bytesAt(page, 'keys', 32 * linesOfPage(proof, number), SAY.bytesKeys, report);
    leadsToRoot(proof, root, number, tagged(3, keys), contents, page.get('path'), report);
    for (let at = 0; at < keys.length; at += 32) shown.push(hexOf(keys.subarray(at, at + 32)));
  });
  const mine = keyOf(proof.get('task'), proof.get('subject'));
  const need = (holds, expected) => holds || report.stop(6, 'proof.pages', expected, mine);
  need(ascends(shown), SAY.keysAscend);
  need(!shown.includes(mine), SAY.keyNotAmong);
  need(shown[0] < mine || first === 0, SAY.keyBelow);
  need(shown[shown.length - 1] > mine || first + pages.length === all, SAY.keyAbove);
}

const PUBLIC_VISIT = { items: list(filled), subject: filled, team: orNull(team) };
const PUBLIC_KEYS = { commitment_sha256: hex, protocol, task: filled };
const PUBLIC = object({ ...PUBLIC_KEYS, visits: list(object(PUBLIC_VISIT)) });
const PUBLIC_WITH_SEEDS = object({
  ...PUBLIC_KEYS,
  inspectors_seed: hexOrNull,
  randomness: filled,
  seed: hex,
  subjects_seed: hex,
  visits: list(object({ ...PUBLIC_VISIT, ticket: hex })),
});

// What a record, or its public form, says of a firm's draw: {task, items, cells, subjectsSeed, visits};
// null what it does not say. Check 7 as far as it concerns the record alone.
async function shownBy(bytes, report) {
  const { record, committed } = await recordOf(bytes, 7, report);
  const isMap = record instanceof Map;
  const whole = isMap && record.has('commitment');
  if (!isMap || isStage(record)) report.stop(7, 'record', SAY.aDraw, record);
  const seeds = record.has('seed');
  const form = whole ? DRAW : seeds ? PUBLIC_WITH_SEEDS : PUBLIC;
  form(record, 'record', (...finding) => report.add(7, ...finding));
  report.passed(7);
  const task = whole ? record.get('commitment').get('task') : null;
  const id = task ? task.get('id') : record.get('task');
  if (seeds) {
    const commitment = whole ? committed : record.get('commitment_sha256');
    const seed = seedOf(id, commitment, record.get('randomness'));
    report.differ(7, 'record.seed', seed, record.get('seed'));
    for (const purpose of ['subjects', 'inspectors']) {
      const found = record.get(`${purpose}_seed`);
      if (found !== null)
        report.differ(7, `record.${purpose}_seed`, purposeSeed(seed, purpose), found);
    }
  }
  return {
    task: id,
    items: task?.get('items') ?? null,
    cells: record.get('cells') ?? null,
    subjectsSeed: record.get('subjects_seed') ?? null,
    visits: record.get('visits'),
  };
}

// Check 7 between proof and record, and what else was given: the purpose seed, or null.
function agreedSeed(proof, shown, given, report) {
  if (shown) {
    report.differ(7, 'record.task', proof.get('task'), shown.task);
    const items = shown.items ?? proof.get('items');
    if (!equal(proof.get('items'), items)) report.add(7, 'record.items', proof.get('items'), items);
  }
  if (given !== null) {
    hex(given, 'subjects_seed', (...finding) => report.add(7, ...finding));
    report.differ(7, 'subjects_seed', shown?.subjectsSeed ?? given, given);
  }
  report.passed(7);
  return shown?.subjectsSeed ?? given;
}

// Checks 7 and 8 of a cell's numbers: its last ticket, null if unknown. `given` is what was given besides.
function lastTicketOf({ cell, size, take }, shown, given, report) {
  const where = `cells[${cell}]`;
  const stated = shown?.cells ? shown.cells[cell] : null;
  if (stated === undefined) report.stop(7, where, [size, take], undefined);
  if (stated) {
    const found = [stated.get('size'), stated.get('take')];
    if (!same(found, [size, take])) report.add(7, where, [size, take], found);
  }
  const last = stated ? stated.get('last_ticket') : (given ?? null);
  report.differ(7, where, last, given ?? last);
  if (last === null) return null;
  if (take === 0 || !isHex(last)) report.add(7, where, SAY.lastTicket, last);
  const tickets = shown ? shown.visits.map((each) => each.get('ticket') ?? null) : [null];
  if (!tickets.includes(null) && !tickets.includes(last)) report.add(8, where, SAY.lastVisit, last);
  return last;
}

// Check 8 of one cell: its odds with last ticket and whether the firm was drawn, null if unknown.
function fateIn({ cell, size, take }, items, lastTicket, visit, ticket, report) {
  let follows = null;
  if (take === 0 || take === size) follows = take > 0;
  else if (lastTicket !== null && ticket !== null) follows = ticket <= lastTicket;
  const drawn = visit ? items.some((item) => visit.get('items').includes(item)) : follows;
  const said = (yes) => (yes ? SAY.drawnHere : SAY.notDrawnHere);
  if (follows !== null) report.differ(8, `cells[${cell}]`, said(follows), said(drawn));
  return { cell, items, size, take, lastTicket, drawn };
}

// Checks 7 and 8: what became of the firm, {ticket, fates}.
function checkFate(proof, odds, shown, seed, lastTickets, report) {
  const subject = proof.get('subject');
  const visits = shown ? shown.visits.filter((each) => each.get('subject') === subject) : [];
  const ticket = seed === null ? null : ticketOf(seed, subject);
  const nobody = shown ? new Map([['items', []]]) : null; // a record without a visit here
  const fates = odds.map((each) => {
    const given = lastTickets?.[each.cell] ?? lastTickets?.get?.(each.cell);
    const last = lastTicketOf(each, shown, given, report);
    const items = proof.get('items').filter((_, i) => proof.get('line')[i] === each.cell);
    return fateIn(each, items, last, visits[0] ?? nobody, ticket, report);
  });
  const taken = fates.filter((fate) => fate.drawn).flatMap((fate) => fate.items);
  const items = proof.get('items').filter((item) => taken.includes(item));
  if (visits.length > 1) report.add(8, 'visits', SAY.visitedOnce, visits.length);
  for (const visit of visits) {
    const found = visit.get('items');
    if (items.length === 0) report.add(8, 'visits', SAY.noVisit, found);
    else if (!same(items, found)) report.add(8, 'visit.items', items, found);
    if (ticket !== null) report.differ(8, 'visit.ticket', ticket, visit.get('ticket') ?? ticket);
  }
  if (odds.length > 0 && fates.some((fate) => fate.drawn === null)) report.unchecked.push('fate');
  return { ticket, fates };
}

async function proofChecks(bytes, root, options, report) {
  const { subject = null, record = null, lastTickets = null, subjectsSeed = null } = options;
  const files = [['proof', bytes], ...(record === null ? [] : [['record', record]])];
  const texts = [['root', root], ...(subject === null ? [] : [['subject', subject]])];
  readable(files, texts, report);
  if (subject === null) report.unchecked.push('subject');
  if (record === null) report.unchecked.push('record');
  const proof = valueOf(bytes, 1, 'proof', report);
  const absent = proof instanceof Map && proof.has('pages');
  const add = (...finding) => report.add(2, ...finding);
  (absent ? ABSENCE : MEMBER)(proof, 'proof', add);
  hex(root, 'root', add);
  report.passed(2);
  report.differ(3, 'proof.subject', subject ?? proof.get('subject'), proof.get('subject'));
  report.passed(3);
  let odds = [];
  if (absent) checkAbsence(proof, root, report);
  else odds = checkMember(proof, root, report);
  const shown = record === null ? null : await shownBy(record, report);
  const seed = agreedSeed(proof, shown, subjectsSeed, report);
  return {
    task: proof.get('task'),
    subject: proof.get('subject'),
    items: proof.get('items'),
    size: proof.get('size'),
    inFrame: !absent,
    position: proof.get('position') ?? null,
    line: proof.get('line') ?? null,
    subjectsSeed: seed,
    ...checkFate(proof, odds, shown, seed, lastTickets, report),
  };
}

// A firm's check of its proof against the root that was published: {ok, findings, unchecked, states}.
// Options: `subject`, the id asked for; `record`, the bytes of the record or of its public form;
// `lastTickets`, an object or Map, cell → ticket; `subjectsSeed`, in hex. `states` is what the proof
// says: {task, subject, items, size, inFrame, position, line, subjectsSeed, ticket, fates: [{cell, items,
// size, take, lastTicket, drawn}]}; null where the checks ended before. It never throws.
export async function checkProof(proof, root, options = {}) {
  const report = new Report();
  let states = null;
  await report.run(async () => {
    states = await proofChecks(proof, root, options ?? {}, report);
  });
  return { ...report.result(), states };
}

// ------------------------------------------------------------------------------ the successor of a record

// docs/replacement.md, "The successor of a record".
const REASONS = ['gone', 'moved', 'not found'];
const folded = (id) => id.normalize('NFKC').toUpperCase().toLowerCase();
const isEvidence = (value) =>
  value instanceof Map &&
  value.size > 0 &&
  [...value].every(([what, each]) => isPlain(what) && (each === null || isHex(each)));

function arePeople(value) {
  const different = isTeam(value) && new Set(value.map(folded)).size === value.length;
  return different && value.every(isId);
}

const SUCCESSOR = object({
  absences: list(
    object({
      decided: date,
      decided_by: is(SAY.twoPeople, arePeople),
      evidence: is(SAY.evidence, isEvidence),
      reason: is(SAY.reason, (value) => REASONS.includes(value)),
      subject_id: filled,
    }),
  ),
  among: is(SAY.fromOne, Number.isInteger),
  parent: hex,
  protocol,
  record: hex,
  substitutes: list(
    object({
      cell: count,
      for: filled,
      item: filled,
      passed: list(object({ subject: filled, why: filled })),
      subject: filled,
      ticket: hex,
      visited: trueOrFalse,
    }),
  ),
  unreplaced: list(
    object({ cell: count, for: filled, item: filled, reason: filled, reserves: count }),
  ),
  visits: list(
    object({
      items: list(object({ cell: count, for: orNull(filled), item: filled })),
      subject: filled,
      team: orNull(team),
      ticket: hex,
    }),
  ),
});

const NOBODY_LEFT = 'the cell is taken whole: nobody is left to stand in';
const NOT_THEIRS = "the item applies to none of the cell's reserves: give it a task of its own";
const USED_UP =
  "the cell's reserves are used up: give the item a task of its own, or plan more reserves";

// The sample of a record that answers, and how absences change it.
class Sample {
  constructor(record, sheetBytes) {
    const drawn = record.get('visits');
    this.items = record.get('commitment').get('task').get('items');
    this.cells = record.get('cells');
    this.reserves = record.get('reserves');
    this.teams = teamsOf(record);
    this.tickets = new Map(
      [...drawn, ...this.reserves].map((each) => [each.get('subject'), each.get('ticket')]),
    );
    this.lines = linesFor(this.tickets, sheetBytes);
    this.absent = new Set();
    // Who checks what, or did until it was absent, and in whose place: subject → item → firm or null.
    this.visits = new Map();
    for (const visit of drawn) {
      this.visits.set(
        visit.get('subject'),
        new Map(visit.get('items').map((item) => [item, null])),
      );
    }
  }

  cellOf(subject, item) {
    return this.lines.get(subject)[this.items.indexOf(item)];
  }

  inTicketOrder(subjects) {
    const { tickets } = this;
    const order = (a, b) => compareIds(tickets.get(a), tickets.get(b)) || compareIds(a, b);
    return [...subjects].sort(order);
  }

  // Rules 1 and 2: what each of those absent leaves behind, by cell, then in the sheet's order.
  leave(subjects) {
    const lost = [];
    for (const subject of subjects) {
      const own = this.visits.get(subject) ?? new Map();
      const places = this.items
        .filter((item) => own.has(item))
        .map((item) => ({
          cell: this.cellOf(subject, item),
          for: subject,
          item,
          root: own.get(item) ?? subject,
        }));
      lost.push(...places.sort((a, b) => a.cell - b.cell));
    }
    for (const subject of subjects) this.absent.add(subject);
    return lost;
  }

  // Rules 2 to 5 for one item: an entry of `substitutes`, or of `unreplaced`.
  replace({ cell, for: absent, item, root }, among) {
    const spare = this.reserves
      .filter((each) => each.get('cell') === cell)
      .map((each) => each.get('subject'));
    const having = spare.filter((id) => this.cellOf(id, item) === cell);
    const queue = spare.filter((id) => !this.visits.get(id)?.has(item));
    const free = queue.filter((id) => having.includes(id) && !this.absent.has(id));
    const entry = { cell, for: absent, item };
    if (free.length === 0) {
      return { ...entry, reason: this.whyNobody(cell, spare, having), reserves: spare.length };
    }
    const subject = free.slice(0, among).find((id) => this.visits.has(id)) ?? free[0];
    const passed = queue
      .slice(0, queue.indexOf(subject))
      .map((id) => ({ subject: id, why: this.whyPassed(id, having) }));
    const visited = this.visits.has(subject);
    if (!visited) this.visits.set(subject, new Map());
    this.visits.get(subject).set(item, root);
    return { ...entry, passed, subject, ticket: this.tickets.get(subject), visited };
  }

  whyNobody(cell, spare, having) {
    const drawn = this.cells[cell];
    if (drawn.get('size') === drawn.get('take')) return NOBODY_LEFT;
    return spare.length > 0 && having.length === 0 ? NOT_THEIRS : USED_UP;
  }

  whyPassed(subject, having) {
    if (!having.includes(subject)) return 'the item does not apply';
    return this.absent.has(subject) ? 'absent' : 'another is visited anyway';
  }

  // Who is visited now, as a successor lists them.
  responding() {
    const there = [...this.visits.keys()].filter((subject) => !this.absent.has(subject));
    return this.inTicketOrder(there).map((subject) => {
      const own = this.visits.get(subject);
      const items = this.items
        .filter((item) => own.has(item))
        .map((item) => ({ cell: this.cellOf(subject, item), for: own.get(item), item }));
      return { items, subject, team: this.teamOf(subject, own), ticket: this.tickets.get(subject) };
    });
  }

  // A drawn firm's own team, else that of the firms whose places it takes, null if they differ.
  teamOf(subject, own) {
    if (this.teams.has(subject)) return this.teams.get(subject);
    const [first, ...others] = [...own.values()].map((root) => this.teams.get(root));
    return others.every((each) => equal(each, first)) ? first : null;
  }

  // What follows from these absences, in any order.
  follow(absences, among) {
    const order = this.inTicketOrder(absences.map((each) => each.get('subject_id')));
    const entries = this.leave(order).map((place) => this.replace(place, among));
    return {
      absences: order,
      substitutes: entries.filter((entry) => 'passed' in entry),
      unreplaced: entries.filter((entry) => 'reserves' in entry),
      visits: this.responding(),
    };
  }
}

// The lines of a sheet for some ids: id → list of cells and null.
function linesFor(ids, sheetBytes) {
  const text = decode(sheetBytes);
  const spans = linesOf(text);
  spans.next();
  const lines = new Map();
  for (const [from, to] of spans) {
    const [id, line] = new Reader(text, from, to).whole();
    if (ids.has(id)) lines.set(id, line);
  }
  return lines;
}

// Check 3: can these absences be?
function checkAbsences(successor, where, sample, report) {
  const subjects = successor.get('absences').map((each) => each.get('subject_id'));
  if (subjects.length === 0) report.stop(3, `${where}.absences`, SAY.someAbsence, undefined);
  subjects.forEach((id, i) => {
    const place = `${where}.absences[${i}].subject_id`;
    if (!sample.tickets.has(id)) report.stop(3, place, SAY.concerned, id);
    if (sample.absent.has(id) || subjects.indexOf(id) < i)
      report.stop(3, place, SAY.absentOnce, id);
  });
}

// Check 3 for an earlier successor: it follows in everything.
function checkEarlier(earlier, where, sample, fixed, report) {
  checkAbsences(earlier, where, sample, report);
  const told = new Map(earlier.get('absences').map((each) => [each.get('subject_id'), each]));
  const { absences, ...lists } = sample.follow(earlier.get('absences'), fixed.among);
  const expected = { ...fixed, ...lists, absences: absences.map((id) => told.get(id)) };
  for (const [key, value] of Object.entries(expected)) {
    if (!equal(value, earlier.get(key))) {
      report.stop(3, `${where}.${key}`, SAY.follows, earlier.get(key));
    }
  }
}

async function successorChecks(bytes, recordBytes, sheetBytes, options, report) {
  const { earlier = [], among = null } = options;
  const before = [...earlier].map((each, i) => [`earlier ${i + 1}`, each]);
  const files = [['successor', bytes], ['record', recordBytes], ['sheet', sheetBytes], ...before];
  readable(files, [], report);
  report.unchecked.push('commitment', 'randomness', 'absences');
  if (among === null) report.unchecked.push('among');
  else fromOne(among, 'among', (...finding) => report.stop(1, ...finding));

  const [successor, ...older] = [['successor', bytes], ...before].map(([where, data]) => {
    const value = valueOf(data, 2, where, report);
    SUCCESSOR(value, where, (...finding) => report.add(2, ...finding));
    return value;
  });
  report.passed(2);

  const verified = await verify(recordBytes, sheetBytes);
  const [fault] = verified.findings;
  if (fault) report.stop(3, fault.where, SAY.recordHolds, `${fault.expected} | ${fault.found}`);
  const record = parseCanonical(recordBytes);
  if (isStage(record))
    report.stop(3, 'record', SAY.recordHolds, record.get('commitment').get('kind'));
  const announced = among ?? successor.get('among');
  fromOne(announced, 'successor.among', (...finding) => report.stop(3, ...finding));
  const own = await digest(recordBytes);
  const fixed = { among: announced, parent: own, protocol: PROTOCOL, record: own };
  const sample = new Sample(record, sheetBytes);
  for (const [i, each] of older.entries()) {
    checkEarlier(each, before[i][0], sample, fixed, report);
    fixed.parent = await digest(before[i][1]);
  }
  checkAbsences(successor, 'successor', sample, report);

  for (const key of ['parent', 'record', 'among']) {
    report.differ(4, `successor.${key}`, fixed[key], successor.get(key));
  }
  const expected = sample.follow(successor.get('absences'), announced);
  const order = successor.get('absences').map((each) => each.get('subject_id'));
  if (!same(expected.absences, order))
    report.add(5, 'successor.absences', expected.absences, order);
  for (const [key, number] of [
    ['substitutes', 6],
    ['unreplaced', 6],
    ['visits', 7],
  ]) {
    compareList(report, number, `successor.${key}`, expected[key], successor.get(key));
  }
}

// Whether a successor of a record follows from its own absences: {ok, findings, unchecked}. All are bytes.
// Options: `earlier`, the successors before it, in order; `among`, the number that was announced.
export async function checkSuccessor(successor, record, sheet, options = {}) {
  const report = new Report();
  await report.run(() => successorChecks(successor, record, sheet, options ?? {}, report));
  return report.result();
}

// --------------------------------------------------------------------------------------- the ledger

// docs/ledger.md, "The events". A text of a ledger is not blank.
const words = is(SAY.words, isWords);
const VERSION = object({ id: words, version: count });
const NAMED_SOURCE = object({ grade, kind: words });
const AGAIN = { reason: orNull(words), repeats: orNull(hex) };
const RANDOMNESS = { commitment_sha256: hex, evidence: orNull(anyObject), text: words };
const RECORDED = { commitment_sha256: hex, record_sha256: hex };
const ids = is(
  SAY.ids,
  (value) => Array.isArray(value) && value.length > 0 && value.every(isWords) && ascends(value),
);

const BODIES = {
  plan: { id: words, reason: orNull(words), sha256: hex, version: count },
  commitment: {
    commitment_sha256: hex,
    plan: orNull(VERSION),
    root: orNull(hex),
    sheet_sha256: orNull(hex),
    source: NAMED_SOURCE,
    task: words,
    ...AGAIN,
  },
  randomness: RANDOMNESS,
  record: RECORDED,
  confirmation: { by: ids, record_sha256: hex },
  'stage commitment': { commitment_sha256: hex, parent: hex, source: NAMED_SOURCE, ...AGAIN },
  'stage randomness': RANDOMNESS,
  'stage record': RECORDED,
  substitution: { parent: hex, successor_sha256: hex },
  abandoned: { commitment_sha256: hex, reason: words },
  witness: { by: words, head: hex, sequence: count, signature: orNull(words) },
  office: { about: words, after: orNull(count), data: anyObject, id: words, what: words },
};

function isTime(value) {
  const parts = isText(value) && /^([^T]*)T(\d\d):(\d\d):(\d\d)Z$/.exec(value);
  return parts && isDate(parts[1]) && parts[2] < '24' && parts[3] < '60' && parts[4] < '60';
}

const EVENT = object({
  actor: words,
  at: is(SAY.time, isTime),
  body: anyObject,
  kind: is(SAY.eventKind, (value) => isText(value) && Object.hasOwn(BODIES, value)),
  previous: hex,
  protocol,
  sequence: count,
});

// docs/ledger.md, "The order": what is known of the events so far, and what may come next.
class Order {
  constructor(need) {
    this.need = need; // (holds, where, expected, found): ends the checks if it does not hold
    this.digests = [];
    this.plans = new Map(); // id → last version
    this.last = new Map(); // a plan's task, or a parent → its last commitment
    this.commitments = new Map(); // digest → {parent, version, randomness, record, closed}
    this.records = new Map(); // digest → {commitment, confirmed}
    this.successors = new Map(); // digest → the draw's record
    this.replaced = new Set(); // records and successors that have a successor
    this.witnesses = new Set();
    this.things = new Map(); // what an office speaks of → the last event about it
  }

  add(kind, body) {
    const rules = {
      plan: this.plan,
      commitment: this.drawCommitment,
      confirmation: this.confirmation,
      substitution: this.substitution,
      abandoned: this.abandoned,
      witness: this.witness,
      office: this.office,
      'stage commitment': this.stageCommitment,
    };
    const stage = kind.startsWith('stage ');
    const rule = rules[kind] ?? (kind.endsWith('randomness') ? this.randomness : this.record);
    rule.call(this, (key) => body.get(key), stage);
  }

  plan(of) {
    const due = (this.plans.get(of('id')) ?? 0) + 1;
    this.need(of('version') === due, 'version', SAY.planNext, of('version'));
    this.need((of('reason') === null) === (due === 1), 'reason', SAY.planReason, of('reason'));
    this.plans.set(of('id'), due);
  }

  drawCommitment(of) {
    const plan = of('plan');
    const version = plan ? plan.get('version') : null;
    if (plan) {
      this.need(version === this.plans.get(plan.get('id')), 'plan', SAY.planLast, plan);
    }
    const slot = write([plan && plan.get('id'), of('task')]);
    this.commitment(of, slot, { parent: null, version });
  }

  stageCommitment(of) {
    this.confirmed(of('parent'), 'parent');
    this.commitment(of, of('parent'), { parent: of('parent'), version: null });
  }

  // One commitment for a slot; another one cites the last, which was drawn or abandoned, and closes it,
  // unless that was under an earlier version of the plan.
  commitment(of, slot, mine) {
    const digest = of('commitment_sha256');
    this.need(!this.commitments.has(digest), 'commitment_sha256', SAY.commitmentOwn, digest);
    const last = this.last.get(slot) ?? null;
    const before = this.commitments.get(last);
    if (before) this.need(before.closed || before.record, 'repeats', SAY.commitmentEnded, last);
    this.need(of('repeats') === last, 'repeats', SAY.repeats, of('repeats'));
    const fits = (of('reason') === null) === (last === null);
    this.need(fits, 'reason', SAY.repeatsReason, of('reason'));
    if (before && before.version === mine.version) before.closed = true;
    this.last.set(slot, digest);
    const nothing = { randomness: false, record: false, closed: false };
    this.commitments.set(digest, { ...mine, ...nothing });
  }

  randomness(of, stage) {
    const commitment = this.open(of, stage);
    this.need(
      !commitment.randomness,
      'commitment_sha256',
      SAY.randomnessOnce,
      of('commitment_sha256'),
    );
    commitment.randomness = true;
  }

  record(of, stage) {
    const record = of('record_sha256');
    const commitment = this.open(of, stage);
    this.need(
      commitment.randomness,
      'commitment_sha256',
      SAY.randomnessFirst,
      of('commitment_sha256'),
    );
    this.need(!commitment.record, 'commitment_sha256', SAY.recordOnce, of('commitment_sha256'));
    this.need(!this.records.has(record), 'record_sha256', SAY.recordOwn, record);
    commitment.record = true;
    this.records.set(record, { commitment, confirmed: false });
  }

  confirmation(of) {
    const record = this.recorded(of('record_sha256'), 'record_sha256');
    this.need(!record.confirmed, 'record_sha256', SAY.confirmedOnce, of('record_sha256'));
    record.confirmed = true;
  }

  substitution(of) {
    const parent = of('parent');
    const successor = of('successor_sha256');
    const base = this.successors.get(parent) ?? parent;
    const record = this.confirmed(base, 'parent');
    this.need(record.commitment.parent === null, 'parent', SAY.drawOnly, parent);
    this.need(!this.replaced.has(parent), 'parent', SAY.successorOnce, parent);
    this.need(!this.successors.has(successor), 'successor_sha256', SAY.successorOwn, successor);
    this.replaced.add(parent);
    this.successors.set(successor, base);
  }

  abandoned(of) {
    const digest = of('commitment_sha256');
    const commitment = this.commitments.get(digest);
    this.need(commitment, 'commitment_sha256', SAY.commitmentThere, digest);
    this.need(!commitment.closed, 'commitment_sha256', SAY.inForce, digest);
    commitment.closed = true;
  }

  witness(of) {
    const seen = of('sequence');
    this.need(seen < this.digests.length, 'sequence', SAY.witnessBefore, seen);
    this.need(of('head') === this.digests[seen], 'head', this.digests[seen], of('head'));
    const key = write([of('by'), seen, of('signature')]);
    this.need(!this.witnesses.has(key), 'by', SAY.witnessOnce, of('by'));
    this.witnesses.add(key);
  }

  office(of) {
    const thing = write([of('about'), of('id')]);
    const last = this.things.get(thing) ?? null;
    this.need(of('after') === last, 'after', SAY.officeLast, of('after'));
    this.things.set(thing, this.digests.length);
  }

  // The commitment of a draw, or of a stage, to which something is appended.
  open(of, stage) {
    const digest = of('commitment_sha256');
    const commitment = this.commitments.get(digest);
    const fits = commitment && (commitment.parent !== null) === stage;
    this.need(fits, 'commitment_sha256', SAY.commitmentThere, digest);
    this.inForce(commitment, 'commitment_sha256');
    return commitment;
  }

  recorded(digest, where) {
    const record = this.records.get(digest);
    this.need(record, where, SAY.recordThere, digest);
    this.inForce(record.commitment, where);
    return record;
  }

  confirmed(digest, where) {
    const record = this.recorded(digest, where);
    this.need(record.confirmed, where, SAY.confirmedFirst, digest);
    return record;
  }

  // A commitment is in force unless it, or one that it goes on from, was abandoned or repeated.
  inForce(commitment, where) {
    for (let each = commitment; each; each = this.records.get(each.parent)?.commitment) {
      this.need(!each.closed, where, SAY.inForce, SAY.abandonedOrRepeated);
    }
  }
}

class Chain {
  constructor(report) {
    this.report = report;
    this.first = null; // the times of the first and the last event
    this.last = '';
    this.order = new Order((holds, where, expected, found) => {
      if (!holds) this.stop(7, `body.${where}`, expected, found);
    });
  }

  get digests() {
    return this.order.digests;
  }

  // The digest of the event with this sequence; 64 zeros before the first.
  digest(sequence) {
    return sequence < 0 ? '0'.repeat(64) : this.digests[sequence];
  }

  get head() {
    const sequence = this.digests.length - 1;
    return `${sequence}:${this.digest(sequence)}`;
  }

  stop(number, where, expected, found) {
    this.report.stop(number, `event ${this.digests.length}, ${where}`, expected, found);
  }

  add(line) {
    const { report } = this;
    const number = this.digests.length;
    const event = valueOf(line, 2, `event ${number}`, report);
    const add = (where, ...rest) => report.add(3, `event ${number}, ${where}`, ...rest);
    EVENT(event, 'event', add);
    report.passed(3);
    object(BODIES[event.get('kind')])(event.get('body'), 'body', add);
    report.passed(3);
    const differ = (check, key, expected) => {
      if (event.get(key) !== expected) this.stop(check, key, expected, event.get(key));
    };
    differ(4, 'sequence', number);
    differ(5, 'previous', this.digest(number - 1));
    if (event.get('at') < this.last) this.stop(6, 'at', SAY.notEarlier, event.get('at'));
    this.order.add(event.get('kind'), event.get('body'));
    this.first ??= event.get('at');
    this.last = event.get('at');
    this.digests.push(hash(line));
  }
}

// Checks 2 to 7, event by event.
function readLedger(bytes, chain, report) {
  for (let from = 0; from < bytes.length;) {
    const to = bytes.indexOf(10, from);
    if (to < 0) chain.stop(2, 'line', SAY.canonicalLines, SAY.noNewline);
    chain.add(bytes.subarray(from, to));
    from = to + 1;
  }
}

// Check 8: unless the checks ended before the head could come.
function checkHead(head, chain, report) {
  if (head === null) {
    report.unchecked.push('old head');
    return;
  }
  const parts = isText(head) && /^(-1|0|[1-9][0-9]{0,15}):([0-9a-f]{64})$/.exec(head);
  if (!parts) {
    report.add(8, 'old head', SAY.head, head);
    return;
  }
  const found = chain.digest(Number(parts[1]));
  if (found === undefined && report.findings.length > 0) report.unchecked.push('old head');
  else if (found === undefined) report.add(8, 'old head', SAY.headThere, chain.head);
  else if (found !== parts[2]) report.add(8, 'old head', parts[2], found);
}

// The report of an exported ledger, and whether it goes on from a head that was kept (`17:5f…`, or null):
// {ok, findings, unchecked, head, events, first, last}. `head` is that of the `events` that hold, `first`
// and `last` are their times, null if there is none. It never throws.
export async function verifyLedger(bytes, oldHead = null) {
  const report = new Report();
  const chain = new Chain(report);
  await report.run(() => {
    readable([['export', bytes]], [], report);
    readLedger(bytes, chain, report);
  });
  await report.run(() => checkHead(oldHead, chain, report));
  const { head, first, last } = chain;
  return { ...report.result(), head, events: chain.digests.length, first, last: last || null };
}

// ------------------------------------------------------------------------------ what a page asks besides

const firstLine = (bytes) => {
  const end = bytes.indexOf(10);
  return new TextDecoder().decode(bytes.subarray(0, end < 0 ? bytes.length : end));
};

// What a file seems to be, for sorting dropped files: 'draw', 'stage', 'sheet', 'odds', 'proof', 'public',
// 'ledger', or null. Only a guess from its keys; the checks look closely.
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
  if ('bits' in value && 'inspectors' in value) return 'odds';
  if ('subject' in value && 'items' in value) return 'proof';
  if ('commitment_sha256' in value && 'visits' in value) return 'public';
  return 'previous' in value && 'sequence' in value ? 'ledger' : null;
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
