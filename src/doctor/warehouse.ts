import type { Config } from '../config.ts';
import { MedallionError } from '../errors.ts';
import { describeServer, type ConnectionSettings } from '../config/server.ts';
import { lostConnection, readOnly } from '../postgres/failures.ts';
import { withClient, type Client } from '../postgres/client.ts';
import { embeddedBinaries, majorVersion } from '../embedded/binaries.ts';
import { embeddedStatus } from '../embedded/server.ts';
import { modelFiles } from '../model/load.ts';
import { describeStray, readStrayModels } from '../schema/project-models.ts';
import { missingMigrations } from '../schema/migrate.ts';
import { sqlFile } from '../sql-file.ts';
import { recordsObjects } from '../schema/objects.ts';
import { warehouseState, withWarehouse } from '../postgres/warehouse.ts';
import type { StageContext } from '../progress.ts';
import { fail, ok, warn, type Check, type Finding } from './finding.ts';

const TITLE = 'PostgreSQL';
/** Clocks that are kept by NTP differ by milliseconds. */
const CLOCK_TOLERANCE_MS = 3000;

export const warehouseCheck: Check = {
  title: TITLE,
  limitMs: 30_000,
  run: async (config, context) => {
    if (
      config.warehouse.kind === 'embedded' &&
      (await embeddedStatus(config.home)).state === 'absent'
    ) {
      const version = await majorVersion(await embeddedBinaries(config.home, undefined));
      return [ok(TITLE, `embedded, ${version}: the first command that needs it creates it`)];
    }
    return lookAtServer(config, context);
  },
};

async function lookAtServer(config: Config, context: StageContext): Promise<Finding[]> {
  const warnings: string[] = [];
  const emit: StageContext['emit'] = (event) => {
    if (event.type === 'warning') {
      warnings.push(event.message);
    }
  };
  return withWarehouse(
    config,
    { ...context, emit },
    async (settings) => {
      const kind = config.warehouse.kind === 'embedded' ? 'embedded, ' : '';
      const { serverVersion } = await warehouseState(settings);
      const found = `${kind}${serverVersion} at ${describeServer(settings)}`;
      const reached =
        warnings.length === 0 ? ok(TITLE, found) : warn(TITLE, warnings.join('; '), undefined);
      return withClient(settings, async (client) => {
        await client.query("set statement_timeout = '10s'");
        const findings = [reached];
        for (const { title, look } of INSIDE) {
          findings.push(
            await look(client, settings, config).catch((error: unknown) =>
              fail(title, lostConnection(error, settings)),
            ),
          );
        }
        return findings;
      });
    },
    { migrate: false },
  );
}

/** What can be asked of a server that answers. */
const INSIDE: readonly {
  readonly title: string;
  readonly look: (client: Client, settings: ConnectionSettings, config: Config) => Promise<Finding>;
}[] = [
  { title: 'rights in the database', look: lookAtRights },
  { title: 'schema', look: lookAtSchema },
  { title: 'models', look: lookAtModels },
  { title: 'clocks', look: lookAtClocks },
];

/** The oids of medallion's tables; null where the user cannot know them, or they are not recorded yet. */
async function ownTables(client: Client): Promise<string[] | null> {
  if (!(await recordsObjects(client))) {
    return null;
  }
  const { rows } = await client.query<{ id: string }>(
    `select object_id as id from medallion.schema_objects where is_own and kind = 'table'`,
  );
  return rows.map(({ id }) => id);
}

async function lookAtRights(client: Client, settings: ConnectionSettings): Promise<Finding> {
  const title = 'rights in the database';
  const { rows } = await client.query<{ read_only: string; standby: string }>(
    `select current_setting('transaction_read_only') as read_only, pg_is_in_recovery()::text as standby`,
  );
  if (rows[0]?.standby === 'true' || rows[0]?.read_only === 'on') {
    return fail(title, readOnly(settings, rows[0].standby === 'true'));
  }
  const missing = await client.query<{ missing: string }>(sqlFile('query/missing_rights'), [
    await ownTables(client),
  ]);
  const grants = missing.rows.map((row) => row.missing);
  return grants.length === 0
    ? ok(title, `user ${settings.user} can read, write and make tables`)
    : fail(
        title,
        new MedallionError('denied', `user ${settings.user} lacks ${grants.join('; ')}`, {
          hint: [
            'The owner of the database can grant that:',
            ...grants.map((grant) => `grant ${grant} to "${settings.user.replaceAll('"', '""')}";`),
          ].join('\n'),
        }),
      );
}

async function lookAtSchema(client: Client): Promise<Finding> {
  const missing = await missingMigrations(client);
  return missing.length === 0
    ? ok('schema', 'up to date')
    : ok('schema', `the first command that needs it migrates it: ${missing.join(', ')}`);
}

async function lookAtModels(
  client: Client,
  _: ConnectionSettings,
  { project }: Config,
): Promise<Finding> {
  const strays = await readStrayModels(client, project, () => modelFiles(project));
  const described = strays.map((stray) => ({ model: stray.model, ...describeStray(stray) }));
  return described.length === 0
    ? ok('models', project === undefined ? "medallion's own" : `those of ${project}`)
    : warn(
        'models',
        described.map(({ model, what }) => `${model}: ${what}`).join('\n'),
        described.map(({ model, then }) => `${model}: ${then}`).join('\n'),
      );
}

async function lookAtClocks(client: Client): Promise<Finding> {
  const asked = Date.now();
  const { rows } = await client.query<{ now: string }>(
    'select extract(epoch from clock_timestamp()) * 1000 as now',
  );
  const here = (asked + Date.now()) / 2;
  return judgeClocks(here, Number(rows[0]?.now));
}

/** @param here,there what the two clocks said at the same moment, Unix milliseconds */
export function judgeClocks(here: number, there: number): Finding {
  const seconds = Math.abs(there - here) / 1000;
  const found = `PostgreSQL's is ${seconds.toFixed(1)} s ${there < here ? 'behind' : 'ahead'}`;
  return seconds * 1000 <= CLOCK_TOLERANCE_MS
    ? ok('clocks', `this machine and PostgreSQL agree within ${CLOCK_TOLERANCE_MS / 1000} s`)
    : warn(
        'clocks',
        found,
        'Times of ingestion will be wrong. Let NTP set both clocks (timedatectl set-ntp true).',
      );
}
