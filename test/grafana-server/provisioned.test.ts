import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, withClient, type Client } from '../../src/postgres/client.ts';
import { grantRole } from '../../src/schema/grants.ts';
import { panelsOf, readAlertRules, readDashboard } from '../grafana/committed.ts';
import { asSent, expand, type Asking } from '../grafana/expand.ts';
import { DAYS, salesWarehouse } from '../grafana/warehouse.ts';
import { testServer, type TestDatabase } from '../support/postgres.ts';
import { installedGrafana, startGrafana, type Grafana } from './grafana.ts';

interface Frame {
  readonly schema: {
    readonly fields: readonly {
      readonly name: string;
      readonly type?: string;
      readonly labels?: { readonly metric?: string };
    }[];
  };
  readonly data: { readonly values: readonly (readonly unknown[])[] };
}

/** An alert rule as Grafana tells how it does. */
interface Evaluated {
  readonly name: string;
  readonly health: string;
  readonly state: string;
  readonly lastError?: string;
  /** Of the year 1 before the first time. */
  readonly lastEvaluation: string;
}

const INSTALLED = installedGrafana();
const ROLE = `grafana_${String(process.pid)}`;
const NAMES = ['sales', 'pipeline', 'trace'];
const SOURCE = { type: 'grafana-postgresql-datasource', uid: 'medallion-postgres' };
const ALL = { country: { all: "''" }, category: { all: "''" }, product: { all: "''" } };
const NOW = { from: new Date(Date.now() - 86_400_000).toISOString(), to: new Date().toISOString() };
const ASKED: readonly [string, string, Asking][] = [
  ['sales', 'everything', { ...DAYS, interval: '1d', variables: ALL }],
  [
    'sales',
    'a choice',
    {
      ...{ ...DAYS, interval: '1d' },
      variables: { country: ['FR', 'DE'], category: ["d'or", 'books'], product: ['6" pipe'] },
    },
  ],
  ['pipeline', 'a day', { ...NOW, interval: '5m', variables: { reason: '' } }],
  [
    'trace',
    'an order',
    {
      ...{ ...DAYS, interval: '1d' },
      variables: {
        ...{ transaction: 't3', day: '', customer: '' },
        ...{ country: '', city: '', category: '', product: '' },
      },
    },
  ],
];

/** By their numbers in PostgreSQL. */
const NUMBER_TYPES = [20, 21, 23, 700, 701, 1700];
const TIME_TYPES = [1082, 1114, 1184];
/** Columns that count from now. */
const AGES = ['longest_wait_seconds', 'unchanged_for', 'waiting_for', 'hours'];

let database: TestDatabase;
let reader: Client;
let grafana: Grafana;

beforeAll(async () => {
  database = await salesWarehouse();
  // As it may be chosen: Grafana expands what looks like a variable.
  const password = 'se$$cret$HOME${HOME}';
  await grantRole(database.settings, {
    ...{ kind: 'reader', role: ROLE, create: true, password, dryRun: false },
  });
  const settings = { ...database.settings, user: ROLE, password };
  reader = await connect(settings);
  grafana = await startGrafana(INSTALLED, settings);
});

afterAll(async () => {
  await grafana.stop();
  await reader.end();
  await database.drop();
  await withClient(testServer(), (client) => client.query(`drop role if exists ${ROLE}`));
});

it('takes the provisioning without a complaint', () => {
  const complaint = /logger=(provisioning|ngalert|tsdb|plugin)\S* .*level=(error|warn)/;
  expect(grafana.log().filter((line) => complaint.test(line))).toEqual([]);
});

it('reaches the warehouse', async () => {
  expect(await grafana.get(`/api/datasources/uid/${SOURCE.uid}/health`)).toMatchObject({
    status: 'OK',
  });
});

it.each(NAMES)('has the dashboard %s as it is in the file', async (name) => {
  const expected = readDashboard(name);
  const { dashboard } = (await grafana.get(`/api/dashboards/uid/${expected.uid}`)) as {
    dashboard: object;
  };
  expect(dashboard).toMatchObject(expected);
});

describe.each(ASKED)('%s, %s', (name, _what, asking) => {
  const { panels, templating } = { ...readDashboard(name), panels: panelsOf(readDashboard(name)) };

  it.each(templating.list.filter(({ type }) => type === 'query'))(
    'offers values of the variable $name',
    async ({ query }) => {
      const [frame] = await framesOf(query, 'table', asking);
      expect(frame?.data.values[0]).toEqual((await resultOf(query, asking)).rows.flat());
    },
  );

  it.each(panels)('$title has what PostgreSQL says', async ({ targets }) => {
    const { rawSql, format } = targets?.[0] ?? { rawSql: '', format: '' };
    const frames = await framesOf(rawSql, format, asking);
    const result = await resultOf(rawSql, asking);
    if (format === 'time_series') {
      expect(frames.flatMap(pointsOf).sort()).toEqual(expectedPoints(result).sort());
    } else {
      expect(frames.map(rowsOf)).toEqual([expectedRows(result)]);
    }
  });
});

async function framesOf(rawSql: string, format: string, asking: Asking): Promise<Frame[]> {
  const answer = (await grafana.post('/api/ds/query', {
    ...{ from: String(Date.parse(asking.from)), to: String(Date.parse(asking.to)) },
    queries: [
      { refId: 'A', datasource: SOURCE, rawQuery: true, format, rawSql: asSent(rawSql, asking) },
    ],
  })) as { results: { A: { frames: Frame[] } } };
  return answer.results.A.frames;
}

/** What PostgreSQL answers, everything as text. */
interface Result {
  readonly fields: readonly { readonly name: string; readonly dataTypeID: number }[];
  readonly rows: readonly (readonly (string | null)[])[];
}

function resultOf(rawSql: string, asking: Asking): Promise<Result> {
  return reader.query<(string | null)[]>({ text: expand(rawSql, asking), rowMode: 'array' });
}

/** A row of the frame for each row of the table; times in milliseconds. */
function rowsOf({ data: { values } }: Frame): unknown[][] {
  return (values[0] ?? []).map((_, row) => values.map((column) => column[row]));
}

function expectedRows({ fields, rows }: Result): unknown[][] {
  return rows.map((row) =>
    fields.map(({ name, dataTypeID }, column): unknown =>
      AGES.includes(name) ? expect.any(Number) : valueOf(row[column] ?? null, dataTypeID),
    ),
  );
}

function valueOf(text: string | null, type: number): unknown {
  if (text === null) {
    return null;
  }
  if (NUMBER_TYPES.includes(type)) {
    return Number(text);
  }
  return TIME_TYPES.includes(type) ? Date.parse(text) : text;
}

/** Each value of each line, by its time. */
function pointsOf({ schema, data: { values } }: Frame): string[] {
  const [times = [], ...lines] = values;
  return lines.flatMap((line, index) => {
    const field = schema.fields[index + 1];
    return line.flatMap((value, at) =>
      value === null ? [] : [[field?.labels?.metric ?? field?.name, times[at], value].join(' ')],
    );
  });
}

function expectedPoints({ fields, rows }: Result): string[] {
  const hasMetric = fields[1]?.name === 'metric';
  return rows.flatMap(([time = null, ...others]) => {
    const at = /^\d+$/.test(time ?? '') ? Number(time) * 1000 : Date.parse(time ?? '');
    const [metric, ...values] = hasMetric ? others : [null, ...others];
    const names = fields.slice(hasMetric ? 2 : 1).map(({ name }) => name);
    return values.flatMap((value, index) =>
      value === null ? [] : [[metric ?? names[index], at, Number(value)].join(' ')],
    );
  });
}

describe('the alert rules', () => {
  it('are those of the file, each with its panel', async () => {
    const rules = await grafana.get('/api/v1/provisioning/alert-rules');
    expect(rules).toMatchObject(
      readAlertRules().map(({ uid, annotations }) => ({ uid, annotations, provenance: 'file' })),
    );
  });

  it('are evaluated: a failed run fires, rejected events would, the others would not', async () => {
    const states = (await untilEvaluated()).map(({ name, health, lastError, state }) => [
      ...[name, health, lastError, state],
    ]);
    expect(states).toEqual([
      ['No new events', 'ok', undefined, 'inactive'],
      ['No promotion', 'ok', undefined, 'inactive'],
      ['Promotion is late', 'ok', undefined, 'inactive'],
      ['Promotion falls behind', 'ok', undefined, 'inactive'],
      ['Many events are rejected', 'ok', undefined, 'pending'],
      ['A run failed', 'ok', undefined, 'firing'],
      ['A check failed', 'ok', undefined, 'inactive'],
    ]);
  });
});

/** The rules, once each has been evaluated: each minute. */
async function untilEvaluated(): Promise<Evaluated[]> {
  for (;;) {
    const { data } = (await grafana.get('/api/prometheus/grafana/api/v1/rules')) as {
      data: { groups: { rules: Evaluated[] }[] };
    };
    const rules = data.groups.flatMap((group) => group.rules);
    if (rules.length > 0 && rules.every(({ lastEvaluation }) => Date.parse(lastEvaluation) > 0)) {
      return rules;
    }
    await sleep(1000);
  }
}
