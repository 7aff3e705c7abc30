/**
 * Makes grafana/schema/dashboard.schema.json, which the tests hold the dashboards against, from the types that Grafana
 * publishes of its dashboards and panels (npm package @grafana/schema, Apache-2.0), in the version that
 * docker-compose.yaml runs. What it needs is installed in a folder of its own: nothing else here uses it.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';

const GENERATOR = 'ts-json-schema-generator@2.4.0';
const TARGET = new URL('../grafana/schema/dashboard.schema.json', import.meta.url);

/** Panels in use, by Grafana's name of the type and of its module. */
const PANELS = {
  barchart: 'BarChart',
  geomap: 'Geomap',
  piechart: 'PieChart',
  stat: 'Stat',
  table: 'Table',
  timeseries: 'TimeSeries',
};

const compose = readFileSync(new URL('../docker-compose.yaml', import.meta.url), 'utf8');
const version = /grafana\/grafana:(\d+\.\d+\.\d+)/.exec(compose)?.[1];
const source = `@grafana/schema@${version}`;

const folder = mkdtempSync(path.join(tmpdir(), 'grafana-schema-'));
try {
  writeFileSync(path.join(folder, 'package.json'), '{ "private": true }');
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--save-exact', source, GENERATOR], {
    cwd: folder,
    stdio: 'inherit',
  });
  writeFileSync(path.join(folder, 'types.ts'), types());
  writeFileSync(
    path.join(folder, 'tsconfig.json'),
    '{ "compilerOptions": { "module": "nodenext", "strict": true }, "files": ["types.ts"] }',
  );
  mkdirSync(new URL('.', TARGET), { recursive: true });
  writeFileSync(TARGET, `${JSON.stringify(schema(), undefined, 1)}\n`);
} finally {
  rmSync(folder, { recursive: true });
}

/** One exported type for each definition of the schema. */
function types() {
  const panels = Object.entries(PANELS).map(([type, name]) => {
    const module = `@grafana/schema/dist/esm/raw/composable/${type}/panelcfg/x/${name}PanelCfg_types.gen`;
    const declared = readFileSync(path.join(folder, 'node_modules', `${module}.d.ts`), 'utf8');
    const field = /export (interface|type) FieldConfig\b/.test(declared) ? 'FieldConfig' : '{}';
    return [
      `import type * as ${type} from '${module}';`,
      `export type ${type}Options = ${type}.Options;`,
      `export type ${type}Field = ${field === '{}' ? field : `${type}.FieldConfig`};`,
    ].join('\n');
  });
  return [
    `import type * as all from '@grafana/schema';`,
    'export type dashboard = all.Dashboard;',
    ...panels,
  ].join('\n');
}

function schema() {
  const { createGenerator } = createRequire(path.join(folder, 'package.json'))(
    'ts-json-schema-generator',
  );
  const names = [
    'dashboard',
    ...Object.keys(PANELS).flatMap((type) => [`${type}Options`, `${type}Field`]),
  ];
  const definitions = names.map((type) => {
    const generator = createGenerator({
      path: path.join(folder, 'types.ts'),
      tsconfig: path.join(folder, 'tsconfig.json'),
      type,
      expose: 'none',
      topRef: false,
      additionalProperties: false,
      skipTypeCheck: true,
    });
    const { $schema, definitions: none, ...definition } = generator.createSchema(type);
    return [type, definition];
  });
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $comment: `Made by scripts/grafana-schema.js from the types of ${source}, (c) Grafana Labs, Apache-2.0, with ${GENERATOR}`,
    definitions: Object.fromEntries(definitions),
  };
}
