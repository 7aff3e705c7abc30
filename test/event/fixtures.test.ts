import { readdirSync, readFileSync } from 'node:fs';
import { isUtf8 } from 'node:buffer';
import { expect, it } from 'vitest';
import { judge } from '../../src/event/judge.ts';
import { REFERENCES } from '../support/wire-event.ts';

interface Answer {
  readonly file: string;
  readonly silver: {
    readonly transactions: number;
    readonly duplicates: number;
    readonly superseded: number;
    readonly quarantined: readonly { offset: number; reason: string; field: string | null }[];
  };
}

const NEWLINE = 0x0a;

function linesOf(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(NEWLINE, start);
    lines.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return lines;
}

const names = readdirSync('fixtures').flatMap((file) =>
  file.endsWith('.ndjson') ? [file.slice(0, -'.ndjson'.length)] : [],
);

it.each(names)('%s: each line is accepted or refused as its answer says', (name) => {
  const answer = JSON.parse(readFileSync(`fixtures/${name}.answer.json`, 'utf8')) as Answer;
  const quarantined: Answer['silver']['quarantined'][number][] = [];
  const contents = new Map<unknown, Set<string>>();
  let accepted = 0;

  for (const [offset, line] of linesOf(readFileSync(`fixtures/${answer.file}`)).entries()) {
    const value = line.toString('utf8');
    if (!isUtf8(line) || line.includes(0)) {
      // Ingest's judgement: the judge sees text only.
      quarantined.push({ offset, reason: 'not_text', field: null });
    } else if (value.trim() !== '') {
      const judgement = judge(value, REFERENCES);
      if (judgement.accepted) {
        accepted += 1;
        const id = /"transaction_id":("[^"]*")/.exec(judgement.canonical)?.[1];
        contents.set(id, (contents.get(id) ?? new Set()).add(judgement.canonical));
      } else {
        quarantined.push({ offset, reason: judgement.reason, field: judgement.field });
      }
    }
  }

  const distinct = [...contents.values()].reduce((sum, versions) => sum + versions.size, 0);
  expect({
    transactions: contents.size,
    duplicates: accepted - distinct,
    superseded: distinct - contents.size,
    quarantined,
  }).toEqual({
    transactions: answer.silver.transactions,
    duplicates: answer.silver.duplicates,
    superseded: answer.silver.superseded,
    quarantined: answer.silver.quarantined,
  });
});
