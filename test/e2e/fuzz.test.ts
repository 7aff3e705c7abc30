import { createHash } from 'node:crypto';
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { judge } from '../../src/event/judge.ts';
import { REASONS } from '../../src/event/reasons.ts';
import { openFileReader } from '../../src/log/files/reader.ts';
import { ingestAll } from '../support/ingest.ts';
import { Dice, mutate } from '../support/mutations.ts';
import { purchase } from '../support/orders.ts';
import { withDatabase } from '../support/postgres.ts';
import { promoteAll, rowsOf } from '../support/promotion.ts';
import { REFERENCES } from '../support/wire-event.ts';

/** Both can be set from outside: another seed looks elsewhere, more events look longer. */
const SEED = Number(process.env['FUZZ_SEED'] ?? 20_260_103);
const EVENTS = Number(process.env['FUZZ_EVENTS'] ?? 100_000);
/** Every one of so many is judged again by src/event/judge.ts. */
const SAMPLE = 10;
const FILES = 3;

const md5 = (bytes: Buffer): string => createHash('md5').update(bytes).digest('hex');

/** Orders that meet: a few ids, each with repeats and corrections. */
function originals(dice: Dice): Buffer[] {
  return Array.from({ length: 2000 }, (_, n) =>
    Buffer.from(
      purchase({
        id: `txn_${String(dice.roll(1200))}`,
        at: `2026-01-${String(1 + dice.roll(28)).padStart(2, '0')}T10:00:${String(dice.roll(60)).padStart(2, '0')}`,
        customer: {
          id: `cust_${String(dice.roll(50))}`,
          city: dice.pick(['Berlin', 'Köln', '東京']),
        },
        items: Array.from({ length: 1 + dice.roll(2) }, (_item, line) => ({
          id: `prod_${String(line)}`,
          unit_price: n % 7 === 0 ? '12.50' : 12.5,
        })),
      }),
    ),
  );
}

/** Where an event went, by the tables. */
interface Place {
  readonly coordinates: string;
  readonly place: string;
  readonly reason: string | null;
  readonly field: string | null;
  readonly md5: string;
  readonly value: string | null;
}

const PLACES = `
  select split_part(topic, '/', -1) || ' ' || "offset" as coordinates,
         array_to_string(array_remove(array[
             case when facts.n > 0 then 'silver' end,
             case when discarded.n > 0 then 'discarded' end,
             case when refused.n > 0 then 'quarantine' end], null), ' and ') as place,
         refused.reason, refused.field,
         md5(coalesce(refused.raw, convert_to(events.value, 'UTF8'))) as md5,
         case when "offset" % ${String(SAMPLE)} = 0 then events.value end as value
  from bronze.events as events
  full join (select topic, partition, "offset", reason, field, raw, 1 as n from bronze.quarantine) as refused
      using (topic, partition, "offset")
  full join (select topic, partition, "offset", count(*) as n from silver.fact_transactions group by 1, 2, 3) as facts
      using (topic, partition, "offset")
  full join (select topic, partition, "offset", 1 as n from silver.discarded_events) as discarded
      using (topic, partition, "offset")`;

test(
  `${EVENTS.toLocaleString('en-US')} mutated events: each is in silver, discarded or quarantined (FUZZ_SEED=${String(SEED)})`,
  { timeout: 600_000 },
  async () => {
    const dice = new Dice(SEED);
    const sources = originals(dice);
    const lines = Array.from({ length: FILES }, (_, file) =>
      Array.from({ length: Math.ceil((EVENTS - file) / FILES) }, (_line, offset) =>
        // The byte order mark of a file belongs to the file, not to its first event.
        offset === 0 ? { event: dice.pick(sources), mutations: [] } : mutate(dice, sources),
      ),
    );
    // A line of nothing but JSON's white space is no event.
    const isEvent = (line: Buffer): boolean => !/^[ \t\r]*$/.test(line.toString('latin1'));
    const folder = await realpath(await mkdtemp(path.join(tmpdir(), 'medallion-fuzz-')));
    try {
      const files: string[] = [];
      for (const [index, file] of lines.entries()) {
        const bytes = Buffer.concat(file.flatMap(({ event }) => [event, Buffer.from('\n')]));
        const name = path.join(folder, `${String(index)}.ndjson`);
        await writeFile(name, index === 0 ? gzipSync(bytes) : bytes);
        files.push(name);
      }
      await withDatabase(async ({ settings }) => {
        const landed = await ingestAll(await openFileReader(files), settings);
        const { silver } = await promoteAll(settings, { chunkRows: 20_000 });

        const sent = new Map<string, { event: Buffer; mutations: string[] }>(
          lines.flatMap((file, index) =>
            file.flatMap(({ event, mutations }, offset) =>
              isEvent(event)
                ? [[`${String(index)}.ndjson ${String(offset)}`, { event, mutations }] as const]
                : [],
            ),
          ),
        );
        const places = (await rowsOf(settings, PLACES)) as unknown as Place[];
        expect(places).toHaveLength(sent.size);

        const counts = { silver: 0, discarded: 0, quarantine: 0 };
        const wrong: unknown[] = [];
        let judged = 0;
        for (const row of places) {
          const original = sent.get(row.coordinates);
          const bytes = original?.event ?? Buffer.of();
          const about = { ...row, mutations: original?.mutations, sent: bytes.toString('latin1') };
          if (row.place in counts) {
            counts[row.place as keyof typeof counts] += 1;
          } else {
            wrong.push(about);
          }
          if (row.md5 !== md5(bytes)) {
            wrong.push({ ...about, why: 'other bytes' });
          }
          if (row.reason !== null && !(row.reason in REASONS)) {
            wrong.push({ ...about, why: 'a reason that is none' });
          }
          if (row.value !== null) {
            judged += 1;
            const judgement = judge(row.value, REFERENCES);
            const same = judgement.accepted
              ? row.place !== 'quarantine'
              : row.place === 'quarantine' &&
                row.reason === judgement.reason &&
                row.field === judgement.field;
            if (!same) {
              wrong.push({ ...about, judgement });
            }
          }
        }
        expect(
          wrong.slice(0, 3),
          `${String(wrong.length)} events, with FUZZ_SEED=${String(SEED)}`,
        ).toEqual([]);
        expect(judged).toBeGreaterThan(EVENTS / SAMPLE / 3);

        // What the runs say of themselves adds up to what the tables hold.
        const rejectedAtIngest = Object.values(landed.quarantined).reduce((sum, n) => sum + n, 0);
        expect(landed.events + rejectedAtIngest).toBe(sent.size);
        expect(silver).toMatchObject({
          events: landed.events,
          accepted: counts.silver + counts.discarded,
          rejected: counts.quarantine - rejectedAtIngest,
        });
        expect((silver?.duplicates ?? 0) + (silver?.superseded ?? 0)).toBe(counts.discarded);
        // Enough of each kind, or the mutations prove little.
        for (const [place, n] of Object.entries(counts)) {
          expect(n, place).toBeGreaterThan(EVENTS / 200);
        }
        const reasons = new Set(places.flatMap(({ reason }) => reason ?? []));
        expect([...reasons].sort()).toEqual(
          expect.arrayContaining([
            ...['invalid_amount', 'invalid_json', 'invalid_quantity', 'invalid_timestamp'],
            ...['invalid_type', 'missing_field', 'no_items', 'not_an_event', 'not_text'],
            ...['unknown_reference', 'unsupported_version'],
          ]),
        );
      });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
);
