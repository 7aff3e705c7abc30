import { describe, expect, test, vi } from 'vitest';
import { Random } from '../../src/generate/random.ts';
import type { ConnectionSettings } from '../../src/config/server.ts';
import { purchase, type Order } from '../support/orders.ts';
import { withDatabase } from '../support/postgres.ts';
import { landEvents, promoteAll, rowsOf } from '../support/promotion.ts';
import { useWarehouse } from '../support/warehouse.ts';

// Many promotions, one after the other, on a machine that may be busy.
vi.setConfig({ testTimeout: 180_000 });

const AT = 'YYYY-MM-DD"T"HH24:MI:SS';
/** "customer version type country city from to current", in order. */
const VERSIONS = `select concat_ws(' ', customer_id, version, type, country, city, to_char(valid_from, '${AT}'),
    coalesce(to_char(valid_to, '${AT}'), '-'), case when is_current then 'current' end) as row
  from silver.dim_customer_versions order by customer_id, version`;
/** "transaction version city", by the view. */
const TRANSACTIONS = `select concat_ws(' ', transaction_id, customer_version, customer_city) as row
  from silver.fact_transactions_with_customer order by transaction_id`;
/** The same by the documented join on the range of a version; a transaction that finds two versions stands there twice. */
const TRANSACTIONS_BY_RANGE = `select concat_ws(' ', t.transaction_id, v.version, v.city) as row
  from silver.fact_transactions t
  left join silver.dim_customer_versions v on v.customer_id = t.customer_id
    and v.valid_from <= t.event_timestamp and t.event_timestamp < coalesce(v.valid_to, 'infinity')
  order by t.transaction_id, v.version`;
/** "customer type country city" as dim_customers and as the current version say it. */
const LATEST = `select concat_ws(' ', id, type, country, city) as row from silver.dim_customers order by id`;
const CURRENT = `select concat_ws(' ', customer_id, type, country, city) as row
  from silver.dim_customer_versions where is_current order by customer_id`;

async function read(settings: ConnectionSettings, sql: string): Promise<string[]> {
  return (await rowsOf(settings, sql)).map(({ row }) => row ?? '');
}

describe('a customer who moves', () => {
  const db = useWarehouse();
  const { arrive } = db;

  const sale = (id: string, at: string, city: string, customer: Order['customer'] = {}): string =>
    purchase({ id, at, customer: { id: 'c', city, ...customer } });

  const MOVES = [
    sale('a', '2025-11-10T09:00:00', 'Berlin'),
    sale('b', '2025-12-31T23:59:58', 'Hamburg'),
    sale('d', '2026-01-01T00:00:00', 'Hamburg'),
    sale('e', '2026-02-15T12:00:00', 'Berlin'),
  ];
  const MOVED = [
    'c 1 new DE Berlin 2025-11-10T09:00:00 2025-12-31T23:59:58',
    'c 2 new DE Hamburg 2025-12-31T23:59:58 2026-02-15T12:00:00',
    'c 3 new DE Berlin 2026-02-15T12:00:00 - current',
  ];

  test('has a version from each move to the next, across months and years', async () => {
    await arrive(...MOVES);
    expect(await read(db.settings, VERSIONS)).toEqual(MOVED);
    const transactions = ['a 1 Berlin', 'b 2 Hamburg', 'd 2 Hamburg', 'e 3 Berlin'];
    expect(await read(db.settings, TRANSACTIONS)).toEqual(transactions);
    expect(await read(db.settings, TRANSACTIONS_BY_RANGE)).toEqual(transactions);
  });

  test('a late event splits a version, its repetition changes nothing, its correction joins the parts', async () => {
    await arrive(...MOVES);
    const late = sale('late', '2025-12-31T23:59:59', 'Wien', { country: 'AT' });
    await arrive(late);
    const split = [
      'c 1 new DE Berlin 2025-11-10T09:00:00 2025-12-31T23:59:58',
      'c 2 new DE Hamburg 2025-12-31T23:59:58 2025-12-31T23:59:59',
      'c 3 new AT Wien 2025-12-31T23:59:59 2026-01-01T00:00:00',
      'c 4 new DE Hamburg 2026-01-01T00:00:00 2026-02-15T12:00:00',
      'c 5 new DE Berlin 2026-02-15T12:00:00 - current',
    ];
    expect(await read(db.settings, VERSIONS)).toEqual(split);
    expect(await read(db.settings, TRANSACTIONS)).toEqual([
      'a 1 Berlin',
      'b 2 Hamburg',
      'd 4 Hamburg',
      'e 5 Berlin',
      'late 3 Wien',
    ]);
    await arrive(late, MOVES[1] ?? '');
    expect(await read(db.settings, VERSIONS)).toEqual(split);
    await arrive(sale('late', '2025-12-31T23:59:59', 'Hamburg'));
    expect(await read(db.settings, VERSIONS)).toEqual(MOVED);
  });

  test('a correction that takes the move back leaves one version', async () => {
    await arrive(...MOVES);
    await arrive(
      sale('b', '2026-01-20T00:00:00', 'Berlin'),
      sale('d', '2026-01-01T00:00:00', 'Berlin'),
    );
    expect(await read(db.settings, VERSIONS)).toEqual([
      'c 1 new DE Berlin 2025-11-10T09:00:00 - current',
    ]);
    expect(await read(db.settings, TRANSACTIONS)).toEqual([
      'a 1 Berlin',
      'b 1 Berlin',
      'd 1 Berlin',
      'e 1 Berlin',
    ]);
  });

  test('of two events at one moment the later in the log decides, whichever arrived first', async () => {
    await arrive(MOVES[0] ?? '', sale('x', '2026-03-01T00:00:00', 'Bremen'));
    await landEvents(db.settings, [sale('y', '2026-03-01T00:00:00', 'Mainz')], {
      partition: 1,
      producedAt: '2026-03-31T00:00:00Z',
    });
    await promoteAll(db.settings);
    expect(await read(db.settings, VERSIONS)).toEqual([
      'c 1 new DE Berlin 2025-11-10T09:00:00 2026-03-01T00:00:00',
      'c 2 new DE Bremen 2026-03-01T00:00:00 - current',
    ]);
    const transactions = ['a 1 Berlin', 'x 2 Bremen', 'y 2 Bremen'];
    expect(await read(db.settings, TRANSACTIONS)).toEqual(transactions);
    expect(await read(db.settings, TRANSACTIONS_BY_RANGE)).toEqual(transactions);
    // What the event itself said stays with the fact.
    expect(
      await read(
        db.settings,
        `select customer_city as row from silver.fact_transactions where transaction_id = 'y'`,
      ),
    ).toEqual(['Mainz']);
  });

  test('a change of type or country alone is a version, and what an event does not say is unknown', async () => {
    await arrive(
      sale('a', '2026-01-01T00:00:00', 'Valencia', { country: 'ES' }),
      sale('b', '2026-01-02T00:00:00', 'Valencia', { country: 'VE' }),
      sale('c', '2026-01-03T00:00:00', 'Valencia', { country: 'VE', type: 'returning' }),
      sale('d', '2026-01-04T00:00:00', 'Valencia', { country: null, type: 'returning' }),
    );
    expect(await read(db.settings, VERSIONS)).toEqual([
      'c 1 new ES Valencia 2026-01-01T00:00:00 2026-01-02T00:00:00',
      'c 2 new VE Valencia 2026-01-02T00:00:00 2026-01-03T00:00:00',
      'c 3 returning VE Valencia 2026-01-03T00:00:00 2026-01-04T00:00:00',
      'c 4 returning unknown Valencia 2026-01-04T00:00:00 - current',
    ]);
  });

  test('silver alone is enough, and a transaction given to another customer leaves no version behind', async () => {
    await landEvents(db.settings, MOVES);
    await promoteAll(db.settings, { gold: false });
    expect(await read(db.settings, VERSIONS)).toEqual(MOVED);
    expect(await read(db.settings, CURRENT)).toEqual(await read(db.settings, LATEST));
    await landEvents(db.settings, [sale('e', '2026-02-15T12:00:00', 'Berlin', { id: 'other' })], {
      partition: 1,
      producedAt: '2026-03-01T00:00:00Z',
    });
    await promoteAll(db.settings, { gold: false });
    expect(await read(db.settings, CURRENT)).toEqual(['c new DE Hamburg', 'other new DE Berlin']);
    // dim_customers remembers the latest accepted event, which no transaction stands for any more.
    expect(await read(db.settings, LATEST)).toEqual(['c new DE Berlin', 'other new DE Berlin']);
  });

  test('a view that was another one before is made again with those that read it', async () => {
    await arrive(...MOVES);
    await rowsOf(
      db.settings,
      `do $$ begin
         execute 'create or replace view silver.customer_states as select *, 1 as more from ('
           || rtrim(pg_get_viewdef('silver.customer_states'::regclass), ';') || ') as states';
       end $$`,
    );
    await promoteAll(db.settings);
    expect(await read(db.settings, VERSIONS)).toEqual(MOVED);
    expect(await read(db.settings, TRANSACTIONS)).toHaveLength(4);
  });
});

describe('whatever arrives, in whatever order, however cut', () => {
  test.each([1, 2, 3])('the versions are those of stream %i', async (seed) => {
    const random = new Random(seed, 0);
    const stream = randomStream(random);
    const expected = versionsOf(stream);
    for (const way of ['one way', 'another way']) {
      await withDatabase(async ({ settings }) => {
        const next = new Map(LOGS.map((log) => [log, 0]));
        while ([...next].some(([log, offset]) => offset < lengthOf(stream, log))) {
          for (const log of LOGS) {
            const from = next.get(log) ?? 0;
            const to = Math.min(from + random.below(20), lengthOf(stream, log));
            await landSome(settings, stream, log, from, to);
            next.set(log, to);
          }
          await promoteAll(settings, { chunkRows: 10 + random.below(90), gold: false });
        }
        expect(await read(settings, VERSIONS), way).toEqual(expected.versions);
        expect(await read(settings, TRANSACTIONS), way).toEqual(expected.transactions);
        expect(await read(settings, TRANSACTIONS_BY_RANGE), way).toEqual(expected.transactions);
        expect(await read(settings, LATEST), way).toEqual(expected.latest);
        const agreeing = (row: string): boolean =>
          expected.agreeing.includes(row.split(' ')[0] ?? '');
        const current = await read(settings, CURRENT);
        expect(current.filter(agreeing), way).toEqual(expected.latest.filter(agreeing));
      });
    }
  });
});

interface Log {
  readonly topic: string;
  readonly partition: number;
}

/** Lower and upper case, which collations order in another way than bytes do. */
const LOGS: readonly Log[] = ['b', 'B', 'a'].flatMap((topic) => [
  { topic, partition: 0 },
  { topic, partition: 1 },
]);
/** The log takes so many events in at once, so that its other coordinates decide, too. */
const AT_ONCE = 10;

/** An event at its place in the log. */
interface Told {
  readonly log: Log;
  readonly offset: number;
  readonly order: Order;
  readonly customer: string;
  /** "type country city" */
  readonly state: string;
}

function lengthOf(stream: readonly Told[], log: Log): number {
  return stream.filter((event) => event.log === log).length;
}

async function landSome(
  settings: ConnectionSettings,
  stream: readonly Told[],
  log: Log,
  from: number,
  to: number,
): Promise<void> {
  if (from === to) {
    return;
  }
  const events = stream.filter((event) => event.log === log).slice(from, to);
  await landEvents(
    settings,
    events.map(({ order }) => purchase(order)),
    { ...log, from },
  );
  await rowsOf(
    settings,
    `update bronze.events set produced_at = timestamptz '2026-04-01 00:00:00+00' + "offset" / ${String(AT_ONCE)} * interval '1 s'
     where topic = $1 and partition = $2 and "offset" >= $3`,
    [log.topic, log.partition, from],
  );
}

/** Few customers, transactions, moments and states, so that they meet often: repeats, corrections and ties. */
function randomStream(random: Random): Told[] {
  const oneOf = <T>(values: readonly [T, ...T[]]): T =>
    values[random.below(values.length)] ?? values[0];
  const ends = new Map<Log, number>();
  const stream: Told[] = [];
  while (stream.length < 150) {
    const log = LOGS[random.below(LOGS.length)] ?? { topic: 'a', partition: 0 };
    const offset = ends.get(log) ?? 0;
    ends.set(log, offset + 1);
    const repeated = random.below(8) === 0 ? stream[random.below(stream.length)] : undefined;
    if (repeated !== undefined) {
      stream.push({ ...repeated, log, offset });
      continue;
    }
    const customer = `c${String(random.below(8))}`;
    const type = oneOf(['new', 'returning']);
    const country = oneOf(['DE', 'AT']);
    const city = oneOf(['Berlin', 'Hamburg']);
    const at = oneOf([
      '2024-12-31T23:59:59',
      '2025-01-01T00:00:00',
      '2025-01-15T12:00:00',
      '2025-02-28T00:00:00',
      '2026-03-01T00:00:00',
      '2026-03-02T00:00:00',
      '2026-03-02T00:00:01',
    ]);
    const id = `t${String(random.below(90)).padStart(2, '0')}`;
    const order = { id, at, customer: { id: customer, type, country, city } };
    stream.push({ log, offset, order, customer, state: `${type} ${country} ${city}` });
  }
  return stream;
}

/** What the rules say of a stream, worked out without a database: see the contract of dim_customer_versions. */
function versionsOf(
  stream: readonly Told[],
): Record<'versions' | 'transactions' | 'latest' | 'agreeing', string[]> {
  const inOrder = [...stream].sort(byTimeAndPlace);
  const winners = new Map(inOrder.map((event) => [event.order.id, event]));
  const versions: { customer: string; state: string; from: string; number: number }[] = [];
  const customers = [...new Set(stream.map(({ customer }) => customer))].sort();
  for (const customer of customers) {
    const states = new Map(
      inOrder
        .filter((event) => event.customer === customer && winners.get(event.order.id) === event)
        .map((event) => [event.order.at, event.state]),
    );
    let number = 0;
    let before: string | undefined;
    for (const [from, state] of states) {
      if (state !== before) {
        number += 1;
        versions.push({ customer, state, from, number });
      }
      before = state;
    }
  }
  const next = (index: number): string | undefined =>
    versions[index + 1]?.customer === versions[index]?.customer
      ? versions[index + 1]?.from
      : undefined;
  const latest = new Map(inOrder.map((event) => [event.customer, event]));
  return {
    versions: versions.map(({ customer, state, from, number }, index) => {
      const to = next(index);
      return `${customer} ${String(number)} ${state} ${from} ${to ?? '- current'}`;
    }),
    transactions: [...winners]
      .map(([id, { customer, order }]) => {
        const [version] = versions
          .filter((candidate) => candidate.customer === customer && candidate.from <= order.at)
          .slice(-1);
        return `${id} ${String(version?.number)} ${version?.state.split(' ')[2] ?? ''}`;
      })
      .sort(),
    latest: customers.map((customer) => `${customer} ${latest.get(customer)?.state ?? ''}`),
    // Not those whose latest event lost its transaction to an event of another customer.
    agreeing: customers.filter(
      (customer) => winners.get(latest.get(customer)?.order.id ?? '')?.customer === customer,
    ),
  };
}

function byTimeAndPlace(left: Told, right: Told): number {
  const before = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  return (
    before(left.order.at, right.order.at) ||
    Math.floor(left.offset / AT_ONCE) - Math.floor(right.offset / AT_ONCE) ||
    before(left.log.topic, right.log.topic) ||
    left.log.partition - right.log.partition ||
    left.offset - right.offset
  );
}
