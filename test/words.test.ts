import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { withDatabase } from './support/postgres.ts';
import { rowsOf } from './support/promotion.ts';

/** Words that the house does not use, each with what to say instead, and the files in which it is looked for. */
const RETIRED: readonly (readonly [pattern: RegExp, say: string, files: RegExp])[] = [
  [/\blanes?\b|[a-z]Lanes?\b|\bLane[A-Z]?|openLane/, 'session', /./],
  [
    /\b(?:[a-z]+W|W|w)indow(?:s|Of|Bytes|Options|Queue|Counts|Files)?\b(?<!model\.window)/,
    'batch',
    /^src\/(?:promote|publish|engine\/(?!spark\/spell))/,
  ],
  [/\bcontenders?\b|\boutranked\b|\bsource\.verdicts\b/i, 'candidates, losers, dedup result', /./],
  [/\bverdicts\b/i, 'dedup result', /^(?:src\/(?:promote|publish)|sql)\//],
  [/\badopt(?:ed|Statement)\b/i, 'relinked', /^(?:src\/(?:promote|engine)|sql)\//],
  [/\bsettled\b/, 'unchanged, skipped', /^(?:src\/(?:promote|engine|publish)|sql)\//],
  [/touched[_ ]days|touchDays|TouchedDays/i, 'stale dates', /./],
  [/reshape/i, 'schema change', /./],
  [
    /\brefused events?\b|\bevents? refused\b|\brefus(?:es|ing) an event\b|\brefused_(?:events|checksum)\b|'refused'/i,
    'reject',
    /./,
  ],
  [
    /\bverdicts?\b|\brefusals?\b|#refuse/i,
    'judgement, rejection',
    /^src\/(?:event|source|engine\/duckdb\/source)/,
  ],
  [/KeptRows|KeptExtension/, 'cache', /./],
  [/\bsheets?\b(?! \$\{)/, 'worksheet', /^src\/engine\//],
  [
    /\bbooked\b|\bbookRange\b|\bthe (?:tool's own )?books\b|\ba book knows\b/i,
    'metadata, recorded',
    /./,
  ],
  [/\b[Rr]ides? (?:it )?out\b|\bendures?\b|PATIENCE/, 'retry, timeout', /./],
  [/\blanded(?:\b|_)|_landed\b|\blands\b|[a-z]Landed\b/i, 'write, commit, ingest', /./],
  [
    /\bgoodbye\b|\bastray\b|\blookout\b|\bbystander\b/i,
    'disconnect, out of range, topic monitor, idle member',
    /./,
  ],
];

// Migrations that have been released stay as they are; what they named is renamed by a later one.
const files = execFileSync(
  'git',
  ['ls-files', 'src', 'sql', 'grafana/src', 'docs', 'README.md', 'CONTRIBUTING.md'],
  {
    encoding: 'utf8',
  },
)
  .split('\n')
  .filter((name) => /\.(?:ts|sql|md)$/.test(name) && !name.startsWith('sql/migrations/'));

test('the comments of the tables that migrations make use them, too', async () => {
  await withDatabase(async ({ settings }) => {
    const comments = await rowsOf(
      settings,
      `select pg_describe_object(classoid, objoid, objsubid) as object, description
       from pg_description
       where pg_describe_object(classoid, objoid, objsubid) ~ '(bronze|silver|gold|medallion)'`,
    );
    expect(comments.length).toBeGreaterThan(100);
    const everywhere = RETIRED.filter(([, , where]) => where.test('sql'));
    expect(
      comments.filter(({ description }) =>
        everywhere.some(([pattern]) => pattern.test(description ?? '')),
      ),
    ).toEqual([]);
  });
});

test('code, SQL, help and docs use the words of the glossary', () => {
  const found = files.flatMap((name) =>
    readFileSync(name, 'utf8')
      .split('\n')
      .flatMap((line, index) =>
        RETIRED.filter(([pattern, , where]) => where.test(name) && pattern.test(line)).map(
          ([, say]) => `${name}:${String(index + 1)}: say "${say}": ${line.trim()}`,
        ),
      ),
  );
  expect(files.length).toBeGreaterThan(300);
  expect(found).toEqual([]);
});
