import { readdirSync, readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { files } from '../../grafana/src/files.ts';
import {
  committed,
  FOLDER,
  panelsOf,
  readAlertRules,
  readDashboard,
  type Dashboard,
  type Panel,
} from './committed.ts';

const NAMES = ['sales', 'pipeline', 'trace'];
const SCHEMA = 'schema/dashboard.schema.json';
const compose = readFileSync(new URL('../docker-compose.yaml', FOLDER), 'utf8');

const ajv = new Ajv({ strict: false, allErrors: true });
ajv.addSchema(JSON.parse(committed(SCHEMA)) as object, 'grafana');

/** A dashboard without the queries of its annotations, whose form is the data source's. */
function withoutTargets(dashboard: Dashboard): object {
  const { list } = dashboard.annotations;
  return {
    ...dashboard,
    annotations: { list: list.map((annotation) => ({ ...annotation, target: undefined })) },
  };
}

/** What in `value` does not meet a definition of Grafana's schema. */
function breaches(definition: string, value: unknown): unknown[] {
  const validate = ajv.getSchema(`grafana#/definitions/${definition}`);
  expect(validate, definition).toBeDefined();
  void validate?.(value);
  return (validate?.errors ?? []).map(({ instancePath, message, params }) => [
    instancePath,
    message,
    params,
  ]);
}

describe('the files that Grafana reads', () => {
  it.each([...files()])('%s is what grafana/src makes: npm run grafana', (name, text) => {
    expect(committed(name)).toBe(text);
  });

  it('are all made there', () => {
    const made = [...files().keys()];
    for (const folder of ['dashboards', 'provisioning/alerting']) {
      const names = readdirSync(new URL(folder, FOLDER)).map((file) => `${folder}/${file}`);
      expect(made).toEqual(expect.arrayContaining(names));
    }
  });

  it('are all given to the Grafana of docker-compose.yaml, which keeps the other folders of its image', () => {
    for (const folder of readdirSync(new URL('provisioning', FOLDER))) {
      expect(compose).toContain(
        `./grafana/provisioning/${folder}:/etc/grafana/provisioning/${folder}:ro`,
      );
    }
    expect(compose).not.toContain(':/etc/grafana/provisioning:');
  });
});

describe("Grafana's schema", () => {
  it('is that of the version that docker-compose.yaml runs: npm run grafana:schema', () => {
    const version = /grafana\/grafana:([\d.]+)/.exec(compose)?.[1] ?? 'none';
    const { $comment } = JSON.parse(committed(SCHEMA)) as { $comment: string };
    expect($comment).toContain(`@grafana/schema@${version}, `);
  });

  it('is met by what it should be and by nothing else', () => {
    const dashboard = withoutTargets(readDashboard('sales'));
    expect(breaches('dashboard', dashboard)).toEqual([]);
    expect(breaches('dashboard', { ...dashboard, timeZone: 'utc' })).not.toEqual([]);
    expect(breaches('dashboard', { ...dashboard, graphTooltip: 'both' })).not.toEqual([]);
    expect(breaches('dashboard', { ...dashboard, panels: [{ title: 'x' }] })).not.toEqual([]);
    expect(breaches('statOptions', { colour: 'red' })).not.toEqual([]);
  });
});

describe.each(NAMES)('the dashboard %s', (name) => {
  const dashboard = readDashboard(name);
  const panels = panelsOf(dashboard);
  const tables = panels.filter(({ type }) => type === 'table');

  it("meets Grafana's schema, each panel that of its type", () => {
    expect(breaches('dashboard', withoutTargets(dashboard))).toEqual([]);
    for (const { title, type, options, fieldConfig } of panels) {
      expect(breaches(`${type}Options`, options), title).toEqual([]);
      expect(breaches(`${type}Field`, fieldConfig?.defaults.custom ?? {}), title).toEqual([]);
    }
  });

  it('lays its panels out without overlap or gap, each with an id of its own', () => {
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
    expect(new Set(dashboard.panels.map(({ title }) => title)).size).toBeGreaterThan(1);
    const widths = new Map<number, number>();
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) => {
      widths.set(y, (widths.get(y) ?? 0) + w);
      return Array.from({ length: w * h }, (_, n) => `${x + (n % w)},${y + Math.floor(n / w)}`);
    });
    expect(new Set(cells).size).toBe(cells.length);
    expect([...widths.values()]).toEqual([...widths.keys()].map(() => 24));
  });

  it('reads the provisioned data source unless another is chosen', () => {
    const { datasources } = parse(committed('provisioning/datasources/warehouse.yaml')) as {
      datasources: { uid: string; secureJsonData: { password: string } }[];
    };
    const chosen = dashboard.templating.list.find(({ type }) => type === 'datasource');
    expect(chosen?.current.value).toBe(datasources[0]?.uid);
    expect(datasources[0]?.secureJsonData.password).toMatch(/^\$\w+$/);
    for (const { datasource, targets } of panels) {
      expect(datasource?.uid).toBe('${datasource}');
      expect(targets?.map((target) => target.datasource.uid)).toEqual(['${datasource}']);
    }
  });

  it('shows its links to the other dashboards, and keeps their time range', () => {
    expect(dashboard.links).toHaveLength(1);
    expect(dashboard.links[0]).toMatchObject({ type: 'dashboards', keepTime: true });
    expect(dashboard.links[0]).not.toHaveProperty('placement');
  });

  it('shows every column of its tables at 1280 pixels', () => {
    for (const { title, fieldConfig } of tables) {
      const widths = (fieldConfig?.overrides ?? []).map(({ properties }) => {
        const width = properties.find(({ id }) => /^custom\.(minW|w)idth$/.test(id))?.value;
        return typeof width === 'number' ? width : Infinity;
      });
      const [panel] = panels.filter((candidate) => candidate.title === title);
      const sum = widths.reduce((left, right) => left + right, 0);
      // Of the panel its border, its padding and a scroll bar.
      expect(sum, title).toBeLessThanOrEqual((1248 / 24) * (panel?.gridPos.w ?? 0) - 32);
      expect(sum, title).toBeGreaterThan(0);
    }
  });

  it('has a column in each table that takes what the others leave', () => {
    for (const { title, fieldConfig } of tables) {
      const growing = (fieldConfig?.overrides ?? []).filter(({ properties }) =>
        properties.some(({ id }) => id === 'custom.minWidth'),
      );
      expect(growing, title).toHaveLength(1);
    }
  });

  it('heads its columns with words', () => {
    for (const { title, fieldConfig } of tables) {
      for (const { matcher, properties } of fieldConfig?.overrides ?? []) {
        const heading = properties.find(({ id }) => id === 'displayName')?.value;
        expect(heading, `${title}: ${matcher.options}`).toMatch(/^[A-Z+\d][^_]*$/);
      }
    }
  });

  it('says why there is nothing where there is nothing', () => {
    for (const { title, type, fieldConfig } of panels) {
      const empty = fieldConfig?.defaults.noValue ?? '';
      expect(empty, title).toMatch(type === 'stat' ? /^[a-z ]{4,}$/ : /^[A-Z].{20,}\.$/);
    }
  });

  it('shows amounts with both decimals and separators in tables, and in short on axes', () => {
    const units = JSON.stringify(panels);
    expect(units).not.toMatch(/"locale"[^}]*"decimals":2/);
    for (const { title, type, fieldConfig } of panels) {
      if (['timeseries', 'barchart'].includes(type)) {
        expect(['short', 's'], title).toContain(fieldConfig?.defaults.unit);
      }
    }
  });

  it('offers no choice where there is one, and a range that Grafana has a name for', () => {
    const source = dashboard.templating.list.find(({ type }) => type === 'datasource');
    expect(source?.hide).toBe(2);
    expect(['now-30d', 'now-24h']).toContain(dashboard.time.from);
    expect(dashboard.time.to).toBe('now');
  });

  it('leads to no panel of another dashboard that is not there', () => {
    const uids = NAMES.map((other) => readDashboard(other).uid);
    const links = [...JSON.stringify(dashboard).matchAll(/"url":"\/d\/([^?"]+)\?([^"]*)"/g)];
    for (const [, uid = '', query = ''] of links) {
      expect(uids).toContain(uid);
      const target = NAMES.map(readDashboard).find((other) => other.uid === uid);
      const variables = target?.templating.list.map((variable) => variable.name);
      for (const [, variable = ''] of query.matchAll(/var-(\w+)=/g)) {
        expect(variables).toContain(variable);
      }
    }
  });

  it('has the variables that it uses, and uses those that it has', () => {
    const variables = dashboard.templating.list.map(({ name: variable }) => variable);
    const rows = dashboard.panels.filter(({ type }) => type === 'row');
    const text = JSON.stringify([panels, rows, dashboard.templating.list]);
    const used = [...text.matchAll(/\$\{(\w+)[}:]/g)].map((match) => match[1] ?? '');
    expect(new Set(used.filter((variable) => !variable.startsWith('__')))).toEqual(
      new Set(variables),
    );
  });
});

describe('how panels look', () => {
  const panels = NAMES.flatMap((name) => panelsOf(readDashboard(name)));
  const titled = (title: string): Panel | undefined =>
    panels.find((panel) => panel.title.replace(', ${days}', '') === title);

  /** Tables whose rows are known to be so many: all of them show without scrolling. */
  const ROWS: Record<string, number> = {
    // Two events of a transaction: each from the log to silver, the one that counts to gold.
    'Through the layers': 7,
    Order: 1,
    Freshness: 3,
    'Net sales': 2,
    Currencies: 2,
    'Customer segments': 6,
    'Orders by weekday and hour': 7,
    Cohorts: 12,
  };
  /** Pixels of a panel's heading and padding, of the heads of columns, and of a row. */
  const [FRAME, HEADS, ROW] = [48, 36, 36];

  it.each(Object.entries(ROWS))('%s has room for its %i rows', (title, rows) => {
    const height = 38 * (titled(title)?.gridPos.h ?? 0) - 8;
    expect(Math.floor((height - FRAME - HEADS) / ROW)).toBeGreaterThanOrEqual(rows);
  });

  it('has in every other table the rows that matter most on top, or all in their order', () => {
    const others = panels.filter(
      ({ type, title }) => type === 'table' && ROWS[title.replace(', ${days}', '')] === undefined,
    );
    for (const { title, targets, gridPos } of others) {
      const order =
        /\norder by ([^\n]*)(\nlimit \d+)?$/.exec(targets?.[0]?.rawSql ?? '')?.[1] ?? '';
      expect(order, title).toMatch(/desc|= 'pass'|^line_number$|^place, cell$/);
      expect(gridPos.h, title).toBeGreaterThanOrEqual(8);
    }
  });

  it('shows ids of transactions whole at 1280 pixels', () => {
    for (const { title, gridPos, fieldConfig } of panels) {
      const overrides = fieldConfig?.overrides ?? [];
      const widths = overrides.map(({ matcher, properties }) => [
        matcher.options === 'transaction_id',
        Number(properties.find(({ id }) => /^custom\.(minW|w)idth$/.test(id))?.value),
      ]);
      if (widths.some(([isId]) => isId === true)) {
        const others = widths.reduce(
          (sum, [isId, width]) => sum + (isId === true ? 0 : Number(width)),
          0,
        );
        // txn_<uuid>_<yyyymmddHHMMSS> in Grafana's letters, with the padding of a cell.
        expect((1248 / 24) * gridPos.w - 32 - others, title).toBeGreaterThanOrEqual(430);
      }
    }
  });

  it.each([
    ['Revenue by day', 'revenue', 'var-day='],
    ['Orders by day', 'orders', 'var-day='],
    ['Categories', 'revenue', 'var-category='],
    ['Products', 'product', 'var-product='],
    ['Products', 'category', 'var-category='],
    ['Movers', 'product', 'var-product='],
    ['Places', 'country', 'var-country='],
    ['Places', 'city', 'var-city='],
    ['Customers who bought most', 'customer', 'var-customer='],
    ['Quarantine by reason', 'events', 'var-reason='],
    ['Quarantine by field', 'reason', 'var-reason='],
    ['Rejected events', 'transaction_id', 'var-transaction='],
    ['Restatements', 'day', 'var-day='],
    ['Latest transactions', 'transaction_id', 'var-transaction='],
  ])('%s: a click on %s leads to what it is made of, by %s', (title, field, variable) => {
    const override = titled(title)?.fieldConfig?.overrides.find(
      ({ matcher }) => matcher.options === field,
    );
    const [link] = override?.properties.find(({ id }) => id === 'links')?.value as {
      url: string;
    }[];
    expect(link?.url).toContain(variable);
    expect(link?.url).toContain('${__url_time_range}');
    expect(link?.url).toMatch(
      variable === 'var-reason=' ? /^\/d\/medallion-pipeline\?/ : /^\/d\/medallion-trace\?/,
    );
  });

  it('has tiles with one figure large, its change small, and its course', () => {
    const tiles = panels.filter(({ type, targets }) => {
      return type === 'stat' && targets?.[0]?.format === 'time_series';
    });
    expect(tiles).toHaveLength(9);
    for (const { title, options, fieldConfig } of tiles) {
      expect(options, title).toMatchObject({
        ...{ graphMode: 'area', colorMode: 'none', textMode: 'value_and_name' },
        text: { titleSize: 13, valueSize: 26 },
      });
      // A change is no alarm: nothing of it is red.
      expect(fieldConfig?.defaults.thresholds?.steps.map(({ color }) => color)).toEqual(['blue']);
    }
  });

  it('fits the map to the data, names its countries, and takes nothing of it from the internet', () => {
    const { options } = titled('Map') ?? {};
    expect(options).toMatchObject({
      view: { id: 'fit', allLayers: false, layer: 'Revenue' },
      basemap: { type: 'xyz', config: { url: expect.stringMatching(/^data:/) as string } },
      layers: [
        { type: 'geojson', config: { src: 'public/maps/countries.geojson' } },
        {
          ...{ name: 'Revenue', type: 'markers' },
          location: { mode: 'lookup', gazetteer: 'public/gazetteer/countries.json' },
          config: { style: { text: { mode: 'field', field: 'name' } } },
        },
      ],
    });
    expect(JSON.stringify(options)).not.toMatch(/https?:/);
  });

  it('says in the title of each chart and table of the period which days it shows; tiles stand below them', () => {
    const sales = readDashboard('sales');
    const silent = panelsOf(sales).filter(
      ({ type, title }) => type !== 'stat' && !title.endsWith(', ${days}'),
    );
    // Of all time, and of twelve months.
    expect(silent.map(({ title }) => title)).toEqual(['Customer segments', 'Cohorts']);
    expect(sales.panels[0]).toMatchObject({ type: 'row', title: '${days}, ${before}' });
  });

  it('has the legend of slices as a table on the right, with their shares', () => {
    for (const { options, title } of panels.filter(({ type }) => type === 'piechart')) {
      expect(options, title).toMatchObject({
        ...{ sort: 'desc', displayLabels: [] },
        legend: { displayMode: 'table', placement: 'right', values: ['percent', 'value'] },
      });
    }
  });

  it.each([
    // As medallion records them: sql/migrations.
    [
      'Latest runs',
      'outcome',
      { running: 'blue', done: 'green', failed: 'red', interrupted: 'orange' },
    ],
    ['Check results', 'outcome', { pass: 'green', warn: 'orange', error: 'red' }],
    ['Rejected events', 'status', { open: 'orange', replayed: 'green' }],
  ])('%s: colours each %s', (title, column, colors) => {
    const override = titled(title)?.fieldConfig?.overrides.find(
      ({ matcher }) => matcher.options === column,
    );
    const property = (id: string): unknown =>
      override?.properties.find((candidate) => candidate.id === id)?.value;
    const [mapping] = property('mappings') as { options: Record<string, { color: string }> }[];
    const found = Object.entries(mapping?.options ?? {}).map(([value, { color }]) => [
      value,
      color,
    ]);
    expect(Object.fromEntries(found)).toEqual(colors);
    expect(property('custom.cellOptions')).toEqual({ type: 'color-text' });
    expect(property('color')).toEqual({ mode: 'fixed', fixedColor: 'text' });
  });
});

describe('the alert rules', () => {
  const rules = readAlertRules();
  const pipeline = readDashboard('pipeline');

  it('are about freshness, promotion, lag, rejected events, failed runs and checks', () => {
    expect(rules.map(({ uid }) => uid)).toEqual([
      'medallion-freshness',
      'medallion-promotion',
      'medallion-lag-time',
      'medallion-lag-events',
      'medallion-quarantine-share',
      'medallion-failed-run',
      'medallion-failed-check',
    ]);
  });

  it('hold nothing that Grafana takes for a variable of its environment', () => {
    expect(committed('provisioning/alerting/medallion.yaml')).not.toContain('$');
  });

  it.each(rules)('$title: a number of the provisioned source above a limit', (rule) => {
    const [asked, condition] = rule.data;
    expect(asked?.datasourceUid).toBe('medallion-postgres');
    expect(rule.condition).toBe(condition?.refId);
    expect(condition?.model.expression).toBe(asked?.refId);
    expect(condition?.model.conditions?.map(({ evaluator }) => evaluator.type)).toEqual(['gt']);
    // The tile is red above the same limit.
    const limit = condition?.model.conditions?.[0]?.evaluator.params[0] ?? 0;
    const [panel] = panelsOf(pipeline).filter(({ id }) => id === rule.panelId);
    const red = panel?.fieldConfig?.defaults.thresholds?.steps.find(({ color }) => color === 'red');
    expect(red?.value ?? limit, panel?.title).toBeCloseTo(
      limit === 0 && panel?.type === 'stat' ? 1 : limit,
      0,
    );
    expect(rule.dashboardUid).toBe(pipeline.uid);
    expect(panelsOf(pipeline).map(({ id }) => id)).toContain(rule.panelId);
    // What Grafana's own pages go by: the heart on the panel, the link from the rule to it.
    expect(rule.annotations).toMatchObject({
      __dashboardUid__: rule.dashboardUid,
      __panelId__: String(rule.panelId),
    });
  });
});
