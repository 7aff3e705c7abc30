import type { SourceListing } from '../../app/source.ts';
import { counted, grouped } from '../../number.ts';
import type { ResultTable } from '../../postgres/query.ts';
import type { Drift } from '../../source/drift.ts';
import { factLines } from './document.ts';
import { page, type Page } from './fit.ts';
import { quantities, resultOf, texts } from './result.ts';

/** Fields of a mapping, or of records, as a page has them: the first ones. */
const FIRST_FIELDS = 12;

const SOURCES = page(
  {
    ...{ source: {}, topics: { atLeast: 12, keep: 1 }, records: {}, rejected: {}, skipped: {} },
    ...{ unmapped: { none: '-', keep: 2 }, vanished: { none: '-' } },
  },
  { note: ({ description }) => description },
);

/** Sources as rows, and as people see them. */
export function sourceList(listings: readonly SourceListing[]): {
  readonly table: ResultTable;
  readonly page: Page;
} {
  const table = resultOf(
    {
      ...texts('source', 'file', 'description', 'topics'),
      ...quantities('records', 'rejected', 'skipped', 'sampled', 'unmapped', 'vanished'),
      ...texts('unmapped_fields', 'vanished_fields'),
    },
    listings.map(listedSource),
  );
  return {
    table,
    page: (_table, width) => [
      ...SOURCES(table, width),
      ...listings.flatMap((listing) => driftLines(listing, width)),
    ],
  };
}

/** A source, and what the warehouse has of it; where that has no record, nothing is known of fields. */
function listedSource({ name, source, topics, sampled, drift }: SourceListing) {
  const sum = (of: 'records' | 'rejected' | 'skipped'): bigint =>
    topics.reduce((total, counts) => total + counts[of], 0n);
  const seen = sampled === 0 ? undefined : drift;
  return {
    ...{ source: name, file: source?.file, description: source?.description },
    topics: topics.map(({ topic }) => topic).join(', '),
    ...{ records: sum('records'), rejected: sum('rejected'), skipped: sum('skipped'), sampled },
    ...{ unmapped: seen?.unmapped.length, vanished: seen?.vanished.length },
    unmapped_fields: seen?.unmapped.map(({ field }) => field).join(', '),
    vanished_fields: seen?.vanished.map(vanishedField).join(', '),
  };
}

function vanishedField({ word, paths }: Drift['vanished'][number]): string {
  return `${word} (${paths})`;
}

/** Which fields of the latest records the mapping does not read, and which it reads in vain. */
function driftLines({ name, sampled, drift }: SourceListing, width: number): string[] {
  if (drift === undefined || sampled === 0 || drift.unmapped.length + drift.vanished.length === 0) {
    return [];
  }
  const unmapped = drift.unmapped.map(({ field }) => field);
  const more = unmapped.length - FIRST_FIELDS;
  return [
    '',
    `${name}, the latest ${counted(sampled, 'record')}`,
    ...factLines(
      [
        [
          '  unmapped',
          unmapped.slice(0, FIRST_FIELDS).join(', ') +
            (more > 0 ? ` and ${grouped(more)} more` : '') || null,
        ],
        ['  vanished', drift.vanished.map(vanishedField).join(', ') || null],
      ],
      width,
    ),
  ];
}
