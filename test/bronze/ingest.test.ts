import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MedallionError } from '../../src/errors.ts';
import type { LogReader, LogRecord, ReadEnd, RecordBatch, Sink } from '../../src/log/log.ts';
import { withClient } from '../../src/postgres/client.ts';
import { bronzeOf, ingestAll, rowsOf, testContext } from '../support/ingest.ts';
import { until } from '../support/kafka.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { Proxy } from '../support/proxy.ts';

let database: TestDatabase;

beforeEach(async () => {
  database = await createTestDatabase();
});

afterEach(() => database.drop());

/** A log made by hand. */
function reader(read: (sink: Sink) => Promise<ReadEnd | undefined>): LogReader {
  return { description: 'a test', read: async (sink) => (await read(sink)) ?? 'end' };
}

function record(
  offset: number,
  value: string | Buffer | null,
  more: Partial<LogRecord> = {},
): LogRecord {
  const timestamp = Date.UTC(2026, 0, 3, 12, 0, 0, 250);
  return {
    ...{ offset: BigInt(offset), timestamp, key: null, headers: null },
    value: typeof value === 'string' ? Buffer.from(value) : value,
    ...more,
  };
}

function batch(
  from: number,
  records: readonly LogRecord[],
  more: Partial<RecordBatch> = {},
): RecordBatch {
  const nextOffset = (records.at(-1)?.offset ?? BigInt(from)) + 1n;
  return {
    topic: 'sales',
    partition: 0,
    fromOffset: BigInt(from),
    records,
    nextOffset,
    source: 'kafka:a',
    ...more,
  };
}

const rows = (sql: string) => rowsOf(database.settings, sql);
const ingest = (
  read: (sink: Sink) => Promise<ReadEnd | undefined>,
  options = {},
  context = testContext(),
) => ingestAll(reader(read), database.settings, options, context);

describe('what lands', () => {
  test('is the record as it is: key, headers, time, and value byte for byte', async () => {
    const odd = '{"a": 1.10,\t"b":"é🙂\\u0041\\u0000", "a":2 } \r';
    const result = await ingest(async (sink) => {
      await sink.write(
        batch(0, [
          record(0, odd, { key: Buffer.from('cust_1'), headers: { trace: 'é"' } }),
          record(5, 'b', { key: Buffer.from([0xff, 0x00]) }),
          record(6, 'c', { key: Buffer.from('a\0b') }),
          record(7, 'd', { key: Buffer.alloc(0), timestamp: -1 }),
          record(8, 'e', { timestamp: 9e18 }),
        ]),
      );
      return undefined;
    });
    expect(result).toMatchObject({ events: 5, bytes: Buffer.byteLength(odd) + 4, quarantined: {} });
    expect(
      await rows(
        `select "offset", key, encode(key_bytes, 'hex'), value, headers, produced_at at time zone 'UTC', run_id from bronze.events order by 1`,
      ),
    ).toEqual([
      `0|cust_1|null|${odd}|{"trace":"é\\""}|2026-01-03 12:00:00.25|1`,
      '5|null|ff00|b|null|2026-01-03 12:00:00.25|1',
      '6|null|610062|c|null|2026-01-03 12:00:00.25|1',
      '7||null|d|null|1969-12-31 23:59:59.999|1',
      '8|null|null|e|null|9999-12-31 23:59:59.999|1',
    ]);
    expect(result.partitions).toEqual([
      {
        topic: 'sales',
        partition: 0,
        fromOffset: 0n,
        nextOffset: 9n,
        events: 5,
        bytes: result.bytes,
        quarantined: 0,
      },
    ]);
  });

  test('refuses alone what PostgreSQL cannot hold, and keeps it byte for byte', async () => {
    const large = Buffer.alloc(101, 'x');
    const result = await ingest(
      async (sink) => {
        await sink.write(
          batch(10, [
            record(10, 'good'),
            record(11, null, { key: Buffer.from('cust_1') }),
            record(12, ''),
            record(13, Buffer.from([0x61, 0xc3])),
            record(14, 'a\0b'),
            record(15, large),
            record(16, Buffer.alloc(100, 'y')),
            record(17, Buffer.from('start'), { fullLength: 5000 }),
            // Half of a surrogate pair, written as if it were a character.
            record(18, Buffer.from([0xed, 0xa0, 0x80])),
          ]),
        );
        return undefined;
      },
      { maxEventBytes: 100 },
    );
    expect(result).toMatchObject({
      events: 2,
      quarantined: { empty_value: 2, not_text: 3, too_large: 2 },
    });
    expect(await bronzeOf(database.settings)).toEqual(['0 10 good', `0 16 ${'y'.repeat(100)}`]);
    expect(
      await rows(
        `select "offset", stage, reason, field, detail, encode(raw, 'escape'), status from bronze.quarantine order by 1`,
      ),
    ).toEqual([
      '11|ingest|empty_value|null|a message without a value|null|open',
      '12|ingest|empty_value|null|a value of 0 bytes||open',
      '13|ingest|not_text|null|bytes that are not UTF-8|a\\303|open',
      '14|ingest|not_text|null|a NUL at byte 2|a\\000b|open',
      `15|ingest|too_large|null|101 bytes, more than the limit of 100|${'x'.repeat(101)}|open`,
      '17|ingest|too_large|null|5000 bytes, more than the limit of 100; the first 5 are kept|start|open',
      '18|ingest|not_text|null|bytes that are not UTF-8|\\355\\240\\200|open',
    ]);
    expect(
      await rows(
        'select next_offset, ingested_events, ingested_bytes, quarantined_events from medallion.offsets',
      ),
    ).toEqual(['19|2|104|7']);
  });

  test('moves the offset also where a batch holds no record', async () => {
    await ingest(async (sink) => {
      expect(await sink.write(batch(0, [], { nextOffset: 12n }))).toBe(true);
      expect(await sink.write(batch(12, [record(14, 'a')]))).toBe(true);
      return undefined;
    });
    expect(await rows('select next_offset from medallion.offsets')).toEqual(['15']);
  });

  test('lands partitions at once', async () => {
    const partitions = Array.from({ length: 8 }, (_, partition) => partition);
    const result = await ingest(async (sink) => {
      await Promise.all(
        partitions.map(async (partition) => {
          for (let from = 0; from < 500; from += 100) {
            const records = Array.from({ length: 100 }, (_, n) =>
              record(from + n, `${partition}:${from + n}`),
            );
            expect(await sink.write(batch(from, records, { partition }))).toBe(true);
          }
        }),
      );
      return undefined;
    });
    expect(result.partitions.map(({ partition, events }) => [partition, events])).toEqual(
      partitions.map((partition) => [partition, 500]),
    );
    expect(
      await rows(
        `select count(*), count(distinct value) from bronze.events where value = partition || ':' || "offset"`,
      ),
    ).toEqual(['4000|4000']);
  });
});

describe('exactly once', () => {
  test('a batch that another consumer landed is dropped whole', async () => {
    const result = await ingest(async (sink) => {
      expect(await sink.write(batch(0, [record(0, 'a'), record(1, 'b')]))).toBe(true);
      await ingest(async (other) => {
        expect(await other.storedOffsets([{ topic: 'sales', partition: 0 }])).toMatchObject([
          { nextOffset: 2n },
        ]);
        expect(await other.write(batch(2, [record(2, 'theirs')]))).toBe(true);
        return undefined;
      });
      expect(await sink.write(batch(2, [record(2, 'ours'), record(3, null)]))).toBe(false);
      return undefined;
    });
    expect(result).toMatchObject({ events: 2, droppedBatches: 1, quarantined: {} });
    expect(await bronzeOf(database.settings)).toEqual(['0 0 a', '0 1 b', '0 2 theirs']);
    expect(await rows('select count(*) from bronze.quarantine')).toEqual(['0']);
  });

  test('consumers that race for every batch land each record once', async () => {
    const race = (name: string) =>
      ingest(async (sink) => {
        for (let next = 0; next < 200;) {
          const landed = await sink.write(
            batch(next, [record(next, name), record(next + 1, name)]),
          );
          const [stored] = landed
            ? []
            : await sink.storedOffsets([{ topic: 'sales', partition: 0 }]);
          next = stored === undefined ? next + 2 : Number(stored.nextOffset);
        }
        return undefined;
      });
    const results = await Promise.all(['a', 'b', 'c'].map(race));
    expect(results.reduce((sum, { events }) => sum + events, 0)).toBe(200);
    expect(await rows('select count(*), min("offset"), max("offset") from bronze.events')).toEqual([
      '200|0|199',
    ]);
  });

  test('a connection lost in the middle is opened again, and nothing doubles', async () => {
    const result = await ingest(async (sink) => {
      for (let next = 0; next < 5; next += 1) {
        expect(await sink.write(batch(next, [record(next, 'x')]))).toBe(true);
        await withClient(database.settings, (client) =>
          client.query(
            'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
          ),
        );
      }
      return undefined;
    });
    expect(result.events).toBe(5);
    expect(await rows('select count(*) from bronze.events')).toEqual(['5']);
  });

  test('a batch whose commit the server made, but could not answer, has landed once and counts', async () => {
    // Commits take a while, so that the connection can be cut in the middle of one.
    await rows(`
      create function bronze.wait() returns trigger language plpgsql
        as $$ begin perform pg_sleep(0.4); return null; end $$`);
    await rows(`
      create constraint trigger wait after insert on bronze.events deferrable initially deferred
        for each row execute function bronze.wait()`);
    const proxy = await Proxy.open(() => database.settings.port);
    try {
      const settings = { ...database.settings, port: proxy.port };
      const cutAtCommit = async (): Promise<void> => {
        const committing = `select count(*) from pg_stat_activity
          where datname = current_database() and state = 'active' and query = 'commit'`;
        await until(async () => (await rows(committing))[0] === '1');
        await proxy.cut(0);
        await until(async () => (await rows(committing))[0] === '0');
        proxy.mend();
      };
      const landing = reader(async (sink) => {
        const cut = cutAtCommit();
        expect(await sink.write(batch(0, [record(0, 'x')]))).toBe(true);
        await cut;
        expect(await sink.write(batch(0, [record(0, 'x')])), 'read again').toBe(false);
        return undefined;
      });
      const result = await ingestAll(landing, settings);
      expect(result).toMatchObject({ events: 1, droppedBatches: 1 });
      expect(await bronzeOf(database.settings)).toEqual(['0 0 x']);
    } finally {
      await proxy.close();
    }
  });

  test('books that were changed by hand are found out, before anything is written', async () => {
    await ingest(async (sink) => {
      await sink.write(batch(0, [record(0, 'a'), record(1, 'b')]));
      return undefined;
    });
    await rows('update medallion.offsets set next_offset = 1');
    const again = ingest(async (sink) => {
      await sink.write(batch(1, [record(1, 'b'), record(2, 'c')]));
      return undefined;
    });
    await expect(again).rejects.toMatchObject({
      code: 'source_changed',
      hint: expect.stringContaining('by hand'),
    });
    expect(await bronzeOf(database.settings)).toEqual(['0 0 a', '0 1 b']);
  });
});

describe('gaps and resets', () => {
  test('a gap is booked and passed', async () => {
    const result = await ingest(async (sink) => {
      await sink.write(batch(0, [record(0, 'a')]));
      await sink.recordGap({ topic: 'sales', partition: 0, from: 1n, to: 10n }, 'kafka:a');
      await sink.recordGap({ topic: 'sales', partition: 0, from: 1n, to: 20n }, 'kafka:a');
      expect(await sink.write(batch(10, [record(10, 'b')]))).toBe(true);
      return undefined;
    });
    expect(result.gaps).toEqual([{ topic: 'sales', partition: 0, from: 1n, to: 10n }]);
    expect(
      await rows('select topic, from_offset, to_offset, run_id from medallion.offset_gaps'),
    ).toEqual(['sales|1|10|1']);
  });

  test('a recreated topic goes on as the next generation; what landed before stays', async () => {
    const at = { topic: 'sales', partition: 0 };
    const start = { ...at, nextOffset: 0n, source: 'kafka:a', position: null };
    await ingest(async (sink) => {
      await sink.write(batch(0, [record(0, 'old 0'), record(1, 'old 1')]));
      const [stored = start] = await sink.storedOffsets([at]);
      expect(await sink.resetOffset(stored, start)).toBe(true);
      expect(await sink.write(batch(0, [record(0, 'new 0')]))).toBe(true);
      return undefined;
    });
    await ingest(async (sink) => {
      expect(await sink.storedOffsets([at])).toEqual([{ ...start, nextOffset: 1n }]);
      expect(await sink.write(batch(1, [record(1, 'new 1')]))).toBe(true);
      return undefined;
    });
    expect(await rows('select topic, "offset", value from bronze.events order by 1, 2')).toEqual([
      'sales|0|old 0',
      'sales|1|old 1',
      'sales#2|0|new 0',
      'sales#2|1|new 1',
    ]);
  });

  test('a consumer that missed a reset lands nothing under the old name', async () => {
    const at = { topic: 'sales', partition: 0 };
    await ingest(async (sink) => {
      await sink.write(batch(0, [record(0, 'a')]));
      const start = { ...at, nextOffset: 0n, source: 'kafka:a', position: null };
      const [stored = start] = await sink.storedOffsets([at]);
      await ingest(async (other) => {
        await other.storedOffsets([at]);
        await other.resetOffset(stored, start);
        return undefined;
      });
      expect(await sink.write(batch(1, [record(1, 'stale')]))).toBe(false);
      expect(await sink.resetOffset(stored, start)).toBe(false);
      await sink.storedOffsets([at]);
      expect(await sink.resetOffset(stored, start), 'asked again since').toBe(false);
      return undefined;
    });
    expect(await bronzeOf(database.settings)).toEqual(['0 0 a']);
    expect(await rows('select topic, next_offset from medallion.offsets order by 1')).toEqual([
      'sales|1',
      'sales#2|0',
    ]);
  });
});

describe('the run', () => {
  test('is recorded with what it counted', async () => {
    const { runId } = await ingest(
      async (sink) => {
        await sink.write(batch(0, [record(0, 'a'), record(1, null)]));
        return undefined;
      },
      { arguments: ['ingest', '--from', 'x'] },
    );
    expect(
      await rows(
        `select run_id, command, arguments, outcome, error, finished_at >= started_at, counts - 'seconds' from medallion.runs`,
      ),
    ).toEqual([
      `${runId}|ingest|{ingest,--from,x}|done|null|t|{"gaps": 0, "bytes": 1, "events": 1, "partitions": 1, "quarantined": {"empty_value": 1}, "dropped_batches": 0}`,
    ]);
  });

  test('that failed says why, and what had landed', async () => {
    const failing = ingest(async (sink) => {
      await sink.write(batch(0, [record(0, 'a')]));
      throw new MedallionError('unreachable', 'the broker is gone');
    });
    await expect(failing).rejects.toThrow('the broker is gone');
    expect(await rows(`select outcome, error, counts->'events' from medallion.runs`)).toEqual([
      'failed|the broker is gone|1',
    ]);
  });

  test('to a server that cannot be reached fails with its code', async () => {
    const nowhere = { ...database.settings, port: 1 };
    const failing = ingestAll(
      reader(() => Promise.resolve('end')),
      nowhere,
    );
    await expect(failing).rejects.toMatchObject({ code: 'unreachable' });
  });
});
