// Runs the verifier on many cases in one process: a list of cases in as JSON, one of reports out.
//
//     node run.mjs VERIFY.MJS < cases.json > reports.json
//
// A case is a list: the name of a function of the module, then its arguments; {"base64": …} anywhere in
// them stands for bytes.

import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const module = await import(pathToFileURL(process.argv[2]).href);
const revive = (_, value) =>
  value?.base64 === undefined ? value : new Uint8Array(Buffer.from(value.base64, 'base64'));
const reports = [];
for (const [name, ...given] of JSON.parse(readFileSync(0, 'utf8'), revive)) {
  try {
    reports.push(await module[name](...given));
  } catch (error) {
    reports.push({ threw: String(error) });
  }
}
process.stdout.write(JSON.stringify(reports));
