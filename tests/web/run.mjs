// Runs the verifier on many cases in one process: a list of cases in as JSON, one of reports out.
//
//     node run.mjs VERIFY.MJS < cases.json > reports.json
//
// A case: {record, other, odds?, commitment?, randomness?}; the first three are in base64.

import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const { verify } = await import(pathToFileURL(process.argv[2]).href);
const bytes = (text) => (text == null ? undefined : new Uint8Array(Buffer.from(text, 'base64')));
const reports = [];
for (const each of JSON.parse(readFileSync(0, 'utf8'))) {
  const { commitment, randomness } = each;
  const options = { odds: bytes(each.odds), commitment, randomness };
  try {
    reports.push(await verify(bytes(each.record), bytes(each.other), options));
  } catch (error) {
    reports.push({ threw: String(error) });
  }
}
process.stdout.write(JSON.stringify(reports));
