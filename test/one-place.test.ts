import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

interface Decision {
  readonly name: string;
  /** How a place that takes the decision can be told by its text. */
  readonly pattern: RegExp;
  /** The files in which it may stand. */
  readonly places: readonly string[];
  /** Where it is looked for; all of src and sql unless given. */
  readonly within?: RegExp;
}

/** docs/architecture.md says where each decision stands; these can be recognised, so that a copy of one is found. */
const DECISIONS: readonly Decision[] = [
  {
    name: 'which event of a transaction counts',
    pattern:
      /event_timestamp(?: desc)?,\s*(?:\w+\.)?produced_at(?: desc)?,\s*(?:\w+\.)?topic|produced_at desc,\s*(?:\w+\.)?topic desc/,
    places: [
      'sql/source/newest_first.sql',
      // Models say it themselves, as those of a project do; the next test compares them with the first.
      'sql/silver/customer_states.sql',
      'sql/silver/dim_customers.sql',
      'sql/silver/dim_products.sql',
    ],
  },
  {
    name: 'what becomes of a transaction that a later event repeats',
    pattern: /update silver\.fact_transactions\b[^;]*\btopic = /,
    places: ['sql/promote/relink.sql'],
  },
  {
    name: 'which generation of a topic a partition is of',
    pattern: /#\$\{|#\\d|\|\| '#'|split\('#'\)/,
    // The last one finds the rows of a name that has any, by the start of it.
    places: ['src/postgres/offsets.ts', 'sql/bronze/current_offsets.sql'],
    within: /^src\/(?!cli\/|config\/)|^sql\//,
  },
  {
    name: 'how many events a batch holds unless somebody says so',
    pattern: /chunkRows (?:\?\?|= \d)|chunkRows: \d|2_000_000|'50000'/,
    places: ['src/config/stage-settings.ts'],
    within: /^src\//,
  },
  {
    name: 'how bronze is cut into batches',
    pattern: /weightOf\(|sliceBacklog\(|\(\w*\.?chunkRows[ ,]/,
    places: ['src/promote/batches.ts', 'src/postgres/watermarks.ts'],
    within: /^src\/(?:promote|postgres|engine)/,
  },
  {
    name: 'what the transaction of a batch does',
    pattern: /(?<!function )\b(?:advance|quarantine|judged)Statements\(|'promote\/stale_dates'/,
    places: ['src/promote/publish-batch.ts'],
  },
  {
    name: 'whether a failure passes',
    pattern: /MedallionError\)? (?:&&|\|\|) !?\w+\.retriable/,
    places: ['src/errors.ts'],
  },
  {
    name: 'what says that a connection to PostgreSQL was lost',
    pattern: /'?57P01|\b08006\b|57P0\[/,
    places: ['src/postgres/failures.ts'],
  },
  {
    name: 'whether a topic is still the same one',
    pattern: /source\.split\('\/'\)/,
    places: ['src/log/kafka/topic.ts'],
  },
  {
    name: 'how the name of a Kafka log is made',
    pattern: /`kafka:\$\{|'kafka:'/,
    places: ['src/log/kafka/topic.ts'],
    within: /^src\//,
  },
  {
    name: 'that a log is of Kafka',
    pattern: /\.kind [!=]== '(?:kafka|files)'/,
    places: [
      'src/log/open.ts',
      // Only Kafka has formats, brokers to look at, and a cluster that a demo must not write to.
      'src/format/open.ts',
      'src/doctor/kafka.ts',
      'src/cli/commands/demo.ts',
    ],
  },
  {
    name: 'how a file appears whole',
    pattern: /\brename(?: : link\))?\(/,
    places: [
      'src/whole-file.ts',
      // What is no text in memory: a stream of events, a table that DuckDB has written, a folder.
      'src/log/files/stream-writer.ts',
      'src/engine/duckdb/archive.ts',
      'src/export/partial.ts',
      'src/embedded/cluster.ts',
      'src/embedded/binaries.ts',
      // A file that DuckDB has to load before it gets its name.
      'src/engine/duckdb/extension.ts',
      // Out of the way: a postmaster.pid, a log that is full.
      'src/embedded/postmaster.ts',
      'src/embedded/start.ts',
    ],
    within: /^src\//,
  },
  {
    name: 'how a file that is not whole is named',
    pattern: /\.partial\b/,
    places: ['src/whole-file.ts', 'src/engine/archive.ts'],
    within: /^src\//,
  },
  {
    name: 'how SQL is read',
    pattern: /\.\.\/sql\/|readFileSync\([^)]*\.sql/,
    places: [
      'src/sql-file.ts',
      // Of a whole folder: each migration in its order, each model with its head.
      'src/schema/migrate.ts',
      'src/model/load.ts',
      // How many migrations there are.
      'src/model/replace.ts',
    ],
    within: /^src\//,
  },
  {
    name: 'whether a process is alive',
    pattern: /process\.kill\(\w+, 0\)/,
    places: ['src/runner.ts'],
  },
  {
    name: 'whether PostgreSQL can hold bytes as text',
    pattern: /\.includes\(0\)/,
    places: ['src/event/text.ts'],
  },
  {
    name: 'what a call of the library leaves out',
    pattern: /(?:[^=!]=|\?\?|default\() ?'(?:duckdb|spark|800MB)'/,
    places: [],
    within: /^src\/(?:app|cli|engine|promote|index)/,
  },
];

/** Functions of which there have been several; each is declared by one file. */
const FUNCTIONS = [
  ...['isText', 'utc', 'storageError', 'isAlive', 'isGone', 'isRetriable'],
  ...['copyRows', 'tableOf', 'keyOf', 'mismatchOf', 'currentGenerations'],
  ...['RecordedPartition', 'readRecorded', 'partialName', 'ofPartial'],
];

const files = execFileSync('git', ['ls-files', 'src', 'sql'], { encoding: 'utf8' })
  .split('\n')
  // Migrations that have been released stay as they are.
  .filter((name) => /\.(?:ts|sql)$/.test(name) && !name.startsWith('sql/migrations/'))
  .map((name) => ({ name, text: readFileSync(name, 'utf8') }));

function filesWith(pattern: RegExp, within = /./): string[] {
  return files
    .filter(({ name, text }) => within.test(name) && pattern.test(text))
    .map(({ name }) => name);
}

test.each(DECISIONS)('$name is decided in one place', ({ pattern, places, within }) => {
  expect(filesWith(pattern, within).sort()).toEqual([...places].sort());
});

function textOf(name: string): string {
  return files.find((file) => file.name === name)?.text ?? '';
}

test('what ranks events has the order of the one file, whoever says it', () => {
  const plain = (order: string): string[] =>
    order.split(',').map((name) => name.replaceAll(/ desc| collate "C"|events\.|"/g, '').trim());
  const [, order = ''] = textOf('sql/source/newest_first.sql').trim().split('\n');
  const place = plain(order);
  expect(place).toEqual(['event_timestamp', 'produced_at', 'topic', 'partition', 'offset']);
  for (const name of ['dim_customers', 'dim_products']) {
    const text = textOf(`sql/silver/${name}.sql`);
    expect(plain(/latest_by: \[(.*)\]/.exec(text)?.[1] ?? '')).toEqual(place);
  }
  // Of events at one moment.
  for (const name of ['dim_customers', 'customer_states']) {
    const text = textOf(`sql/silver/${name}.sql`);
    const [, ranked = ''] = /order by (.*produced_at.*)/.exec(text) ?? [];
    expect(plain(ranked).slice(-4)).toEqual(place.slice(1));
  }
});

test('a repeated event changes of a transaction what counts as no change of its row', () => {
  const [, set = ''] = /\nset\n([\s\S]*)\nfrom/.exec(textOf('sql/promote/relink.sql')) ?? [];
  const changed = set.split('\n').map((line) => /^ *"?(\w+)"? = /.exec(line)?.[1]);
  expect(changed).toEqual(['produced_at', 'topic', 'partition', 'offset', 'run_id']);
  const [, lineage = ''] = /LINEAGE = \[(.*)\]/.exec(textOf('src/postgres/row-changes.ts')) ?? [];
  expect(lineage.replaceAll("'", '').split(', ')).toEqual(changed);
});

test.each(FUNCTIONS)('%s is declared once', (name) => {
  const declared = new RegExp(
    String.raw`\bexport (?:async )?(?:function\*?|interface|type) ${name}\b`,
  );
  expect(filesWith(declared, /^src\//)).toHaveLength(1);
});
