import path from 'node:path';
import { draftSource } from '../../app/draft-source.ts';
import {
  listSources,
  testSourceOnBronze,
  testSourceOnFiles,
  type SourceTest,
} from '../../app/source.ts';
import { MedallionError } from '../../errors.ts';
import { counted, grouped } from '../../number.ts';
import { DROP } from '../../source/drift.ts';
import { command } from '../command.ts';
import { option, required, section } from '../flags.ts';
import { DRAFT, draftTable } from '../render/source-draft-view.ts';
import { sourceList } from '../render/source-list-view.ts';
import { SOURCE_TEST_PARTS, sourceTestParts } from '../render/source-test-view.ts';

const SAMPLE = 1000;

const list = command(
  'list',
  'list the sources: their topics, their records, and fields that changed',
  {
    details: `
It counts the records that bronze took of each source, those of them that are in
the quarantine (open), and those that "where" left out. In the latest records,
as many from each partition, it looks for fields that the mapping does not read
(unmapped) and for fields of the mapping that no record has (vanished). This
shows when a producer adds or renames a field; it stops nothing.`,
    examples: ['medallion source list', 'medallion source list --sample 10000 --output json'],
    seeAlso: ['source test', 'quarantine', 'status', 'docs/sources.md'],
    options: {
      '--sample <n>': ['look at this many of the latest records', SAMPLE],
    },
    run: async (context, { sample }) => {
      const listings = await listSources(context.config, { ...context.call, most: sample });
      const { table, page } = sourceList(listings);
      await context.writeRows(table, page);
      for (const { name, source, topics } of listings) {
        if (source === undefined) {
          const named = topics.map(({ topic }) => topic).join(', ');
          context.warn(
            `${named} was read with the source ${name}, which this project does not have`,
            `Run the command in the project that has sources/${name}.yaml, or name its medallion.yaml with --config.`,
          );
        }
      }
    },
  },
);

const test = command('test', 'show what a source makes of records; change nothing', {
  details: `
It maps the records of files, or the latest records that bronze has of the
source, twice: as promote does, and by the judge alone. It shows

  what each record becomes, or why it is rejected, by the record's own path
  the sum of each amount, beside the path that it comes from
  for how many orders the amounts add up
  rows that it would add to dimensions
  fields that the mapping does not read, and fields that no record has

Compare the sums with those of your shop: an amount from the wrong field is not
an error. With files it needs no warehouse, and does not know the rows that you
added to your dimensions. It exits 4 when a record is rejected, when the two
readings differ, or when a field is still to be mapped.`,
  examples: [
    'medallion source test shop orders.ndjson',
    'medallion source test shop --sample 1000',
    'medallion source test shop orders.csv --section amounts --output csv',
  ],
  exits: { 4: 'a record is rejected, the readings differ, a field is not mapped yet' },
  seeAlso: ['source list', 'test', 'ingest', 'docs/sources.md'],
  arguments: [
    ['<source>', 'name of the source'],
    ['[file...]', 'files of records, plain or gzip (default: the latest records of bronze)'],
  ],
  options: {
    '--sample <n>': ['look at this many records at most', SAMPLE],
    section: section(SOURCE_TEST_PARTS),
  },
  /** @throws MedallionError check_failed */
  run: async (context, { sample, section: names }, [name = '', ...files]) => {
    const request = { ...context.call, name, most: sample };
    const found =
      files.length === 0
        ? await testSourceOnBronze(context.config, request)
        : await testSourceOnFiles(
            { project: context.project },
            request,
            files.map((file) => path.resolve(context.cwd, file)),
          );
    const isShort = names === undefined;
    await context.writeParts(sourceTestParts(found, isShort), names);
    if (files.length > 0 && found.records === sample) {
      context.note(`only the first ${counted(sample, 'record')}: --sample takes more`);
    }
    warnOfSums(found, context.warn);
    warnOfDrops(found, context.warn);
    const problems = problemsOf(found);
    if (problems.length > 0) {
      throw new MedallionError('check_failed', problems.join('; '), { hint: hintFor(found) });
    }
  },
});

const init = command('init', 'draft a source from a file with some orders', {
  details: `
It reads an order as JSON, a list of orders, an order a line, or CSV, and writes
sources/<name>.yaml of the project. It finds each field by its name and its
values, and amounts also by what adds up; a value of the file stands beside it.
A field that it does not find is "?", with choices in comments; fields that
nothing reads stand at the end. It never replaces a file.

Then it maps the file by the draft, and says what you still have to decide, what
is rejected, and whether the totals add up. Look at each line all the same: a
name that fits may mean something else.`,
  examples: [
    'medallion source init --from orders.json',
    'medallion source init --from export.csv --name till',
  ],
  seeAlso: ['source test', 'init', 'ingest', 'docs/sources.md'],
  options: {
    from: required(option('--from <file>', 'file with some orders, plain or gzip', String)),
    '--name <name>': 'name of the source (default: that of the file)',
  },
  run: async (context, { from, name }) => {
    const file = path.resolve(context.cwd, from);
    const draft = await draftSource({ project: context.project }, file, name);
    await context.writeRows(draftTable(draft), DRAFT);
    const { sample, test: found } = draft;
    context.note(`written: ${draft.file}, from ${counted(found.records, 'record')} of ${from}`);
    const { unfinished, rejected, records } = found;
    if (unfinished.length > 0) {
      context.warn(
        `still to be decided: ${unfinished.join(', ')}`,
        `${draft.file} has "?" there, with the candidates in comments.`,
      );
    } else if (rejected > 0) {
      context.warn(`${grouped(rejected)} of ${counted(records, 'record')} would be rejected`);
    } else {
      context.note(
        `${counted(records, 'order')} accepted: compare the sums with those of your shop`,
      );
    }
    warnOfSums(found, context.warn);
    if (sample.filter !== undefined) {
      context.note(
        `ingest takes an object a line: jq -c '${sample.filter}' ${from} > ${draft.name}.ndjson`,
      );
    }
    const lines = sample.filter === undefined ? from : `${draft.name}.ndjson`;
    context.note(`Next: medallion source test ${draft.name} ${lines}`);
  },
});

export const sourceCommand = command(
  'source',
  'map orders of another shape: draft a mapping, test it, list all',
  {
    details: `
A source maps the records of a producer to the events of medallion. It is a file
of the project, sources/<name>.yaml, or one that comes with medallion: Segment,
Shopify, WooCommerce, Google Analytics 4 and others.`,
    examples: [
      'medallion source init --from orders.ndjson --name shop',
      'medallion source test shop orders.ndjson',
      'medallion source list',
    ],
    seeAlso: ['ingest', 'test', 'docs/sources.md'],
    commands: [init, test, list],
  },
);

function warnOfSums(found: SourceTest, warn: (message: string, hint: string) => void): void {
  const ordersWithout = (column: string): number =>
    found.amounts.reduce((sum, row) => sum + Number(row['orders']) - Number(row[column]), 0);
  const odd = ordersWithout('totals_add_up');
  if (odd > 0) {
    warn(
      `the total of ${counted(odd, 'order')} is not subtotal plus tax plus shipping less discount`,
      'Check whether an amount comes from the wrong field, or includes the tax: tax_included in docs/sources.md.',
    );
  }
  const oddLines = ordersWithout('lines_add_up');
  if (oddLines > 0) {
    warn(
      `the lines of ${counted(oddLines, 'order')} do not add up to the subtotal`,
      'The subtotal must be the sum before discounts. "subtotal: computed" adds the lines up.',
    );
  }
}

function warnOfDrops(
  { source, drift }: SourceTest,
  warn: (message: string, hint: string) => void,
): void {
  const paths = drift.vanished.filter(({ word }) => word === DROP).map(({ paths: path }) => path);
  if (paths.length > 0) {
    warn(
      `${source.file} drops ${paths.join(', ')}, which no record has`,
      'What is misspelled there is stored: compare it with the records.',
    );
  }
}

function problemsOf({ unfinished, records, rejected, disagreements }: SourceTest): string[] {
  const differing = new Set(disagreements.map(({ record }) => record)).size;
  return [
    unfinished.length > 0 && `still to be mapped: ${unfinished.join(', ')}`,
    rejected > 0 && `${grouped(rejected)} of ${counted(records, 'record')} would be rejected`,
    differing > 0 && `DuckDB and the judge read ${counted(differing, 'record')} differently`,
  ].filter((problem) => problem !== false);
}

function hintFor({ source, unfinished, disagreements }: SourceTest): string {
  if (disagreements.length > 0) {
    return 'This is a defect of medallion. Please report it, with the record and the source.';
  }
  return unfinished.length > 0
    ? `Set in ${source.file} where they come from: a path, or {value: ..}.`
    : 'A promotion puts these into the quarantine. If the mapping is wrong, change it: docs/sources.md describes every property.';
}
