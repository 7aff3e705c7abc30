import { readdirSync, readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { files } from '../../grafana/src/files.ts';
import { committed, FOLDER, panelsOf, readAlertRules, readDashboard } from './committed.ts';

const NAMES = ['sales', 'pipeline', 'trace'];
const SCHEMA = 'schema/dashboard.schema.json';
const compose = readFileSync(new URL('../docker-compose.yaml', FOLDER), 'utf8');

const ajv = new Ajv({ strict: false, allErrors: true });
ajv.addSchema(JSON.parse(committed(SCHEMA)) as object, 'grafana');

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
    const dashboard = readDashboard('sales');
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

  it("meets Grafana's schema, each panel that of its type", () => {
    expect(breaches('dashboard', dashboard)).toEqual([]);
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

  it('has the variables that it uses, and uses those that it has', () => {
    const variables = dashboard.templating.list.map(({ name: variable }) => variable);
    const text = JSON.stringify([panels, dashboard.templating.list]);
    const used = [...text.matchAll(/\$\{(\w+)[}:]/g)].map((match) => match[1] ?? '');
    expect(new Set(used.filter((variable) => !variable.startsWith('__')))).toEqual(
      new Set(variables),
    );
  });
});

describe('the alert rules', () => {
  const rules = readAlertRules();
  const pipeline = readDashboard('pipeline');

  it('are about freshness, lag and the share of refused events', () => {
    expect(rules.map(({ uid }) => uid)).toEqual([
      'medallion-freshness',
      'medallion-lag-time',
      'medallion-lag-events',
      'medallion-quarantine-share',
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
    expect(rule.dashboardUid).toBe(pipeline.uid);
    expect(panelsOf(pipeline).map(({ id }) => id)).toContain(rule.panelId);
    // What Grafana's own pages go by: the heart on the panel, the link from the rule to it.
    expect(rule.annotations).toMatchObject({
      __dashboardUid__: rule.dashboardUid,
      __panelId__: String(rule.panelId),
    });
  });
});
