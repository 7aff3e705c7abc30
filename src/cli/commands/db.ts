import { spawn } from 'node:child_process';
import {
  migrate,
  reset,
  startServer,
  stopServer,
  warehouseFacts,
  withWarehouse,
} from '../../app/warehouse.ts';
import { sslModeOf } from '../../config/warehouse.ts';
import { withoutUnsupported } from '../../config/libpq.ts';
import { codeOf, MedallionError } from '../../errors.ts';
import { counted } from '../../number.ts';
import type { ConnectionSettings } from '../../config/server.ts';
import { serverSettings } from '../../postgres/warehouse.ts';
import { command } from '../command.ts';
import { confirm } from '../confirm.ts';
import { resultOf, texts } from '../render/result.ts';
import { grantCommand } from './db-grant.ts';

const start = command('start', 'start the embedded PostgreSQL and keep it up for other clients', {
  examples: ['medallion db start', 'medallion db start --home /tmp/shop'],
  seeAlso: ['db stop', 'db status', 'db url'],
  run: async ({ config, call, note }) => {
    const server = await startServer(config, call);
    note(`PostgreSQL is up at ${server} and stays up until: medallion db stop`);
  },
});

const stop = command('stop', 'stop the embedded PostgreSQL, once no command uses it', {
  examples: ['medallion db stop'],
  seeAlso: ['db start', 'db status'],
  run: async ({ config, call, note }) => {
    const users = await stopServer(config, call);
    note(
      users === undefined
        ? 'PostgreSQL is not running'
        : users === 0
          ? 'PostgreSQL has stopped'
          : `PostgreSQL is in use by ${counted(users, 'command')}; it stops when the last of them has finished`,
    );
  },
});

const status = command('status', 'show where the warehouse is and its state; start nothing', {
  examples: ['medallion db status', 'medallion db status --output json'],
  seeAlso: ['doctor', 'status'],
  run: async ({ config, writeRows }) => {
    const { warehouse } = config;
    const { embedded, running } = await warehouseFacts(config);
    const facts = {
      server: warehouse.kind === 'server' ? `from ${warehouse.from}` : 'embedded',
      state:
        embedded?.state === 'absent'
          ? 'not created yet: the first command that needs it creates it'
          : embedded?.state,
      address: running?.address,
      version: running?.serverVersion,
      schema: running && (running.migration ?? 'not created yet'),
      size: running && `${String(running.size / 1_000_000n)} MB`,
      'in use by': running && embedded && counted(embedded.users, 'command'),
      'stays up':
        embedded &&
        (embedded.kept ? 'yes, until: medallion db stop' : 'no; to keep it up: medallion db start'),
      data: embedded?.dataDirectory,
      log: embedded?.logFile,
    };
    const rows = Object.entries(facts).map(([property, value]) => ({ property, value }));
    const known = rows.filter(({ value }) => value !== undefined);
    await writeRows(resultOf(texts('property', 'value'), known));
  },
});

const url = command(
  'url',
  'print the URL of the warehouse, password included, for psql and other clients',
  {
    examples: ['medallion db url', 'medallion db url --home /tmp/shop'],
    seeAlso: ['db psql', 'db start'],
    run: async ({ config, call, write, note }) => {
      if (config.warehouse.kind === 'server') {
        await write(`${urlOf(serverSettings(config.warehouse))}\n`);
        return;
      }
      await withWarehouse(config, (settings) => write(`${urlOf(settings)}\n`), call);
      if (!(await warehouseFacts(config)).embedded?.kept) {
        note('The server is up only while a command uses it. To keep it up: medallion db start');
      }
    },
  },
);

const psql = command('psql', 'open psql on the warehouse; arguments after -- go to psql', {
  examples: ['medallion db psql', 'medallion db psql -- -c "select count(*) from bronze.events"'],
  seeAlso: ['sql', 'db url'],
  arguments: [['[args...]', "psql's own arguments"]],
  passesOn: 'rest',
  run: async (context, _flags, args) => {
    const open = async (settings: ConnectionSettings): Promise<void> => {
      const { tls } = settings;
      const env = {
        ...withoutUnsupported(context.env),
        PGHOST: settings.host,
        PGPORT: String(settings.port),
        PGUSER: settings.user,
        PGDATABASE: settings.database,
        ...(settings.password === undefined ? {} : { PGPASSWORD: settings.password }),
        PGSSLMODE: sslModeOf(tls),
        ...(tls?.caFile === undefined ? {} : { PGSSLROOTCERT: tls.caFile }),
        ...(tls?.certFile === undefined ? {} : { PGSSLCERT: tls.certFile }),
        ...(tls?.keyFile === undefined ? {} : { PGSSLKEY: tls.keyFile }),
      };
      const code = await runInteractively('psql', args, env);
      if (code !== 0) {
        throw new MedallionError('input', `psql ended with code ${String(code)}`);
      }
    };
    await withWarehouse(context.config, open, context.call);
  },
});

const migrateCommand = command(
  'migrate',
  'bring the schema and all tables up to date, as other commands do before they work',
  {
    examples: ['medallion db migrate'],
    seeAlso: ['promote', 'db status'],
    run: async (context) => {
      const { applied, server } = await migrate(context.config, context.call);
      const rows = applied.map((migration) => ({ migration }));
      await context.writeNews(resultOf(texts('migration'), rows));
      context.note(`${server} ${applied.length === 0 ? 'was' : 'is'} up to date`);
    },
  },
);

const resetCommand = command('reset', 'drop everything medallion has stored in the warehouse', {
  details: `
Drops what medallion has made, and nothing else. What others have made in the
schemas bronze, silver, gold and medallion stays and is named. If a view or the
like of theirs depends on a table of medallion, nothing is dropped, unless
--cascade is given.`,
  examples: ['medallion db reset', 'medallion db reset --yes'],
  exits: { 5: 'another session is using the tables' },
  seeAlso: ['demo', 'db migrate'],
  options: {
    '--yes': 'do not ask',
    '--cascade': 'also drop what others have made that depends on it, such as views',
  },
  run: async (context, { yes, cascade }) => {
    const { left, server } = await reset(context.config, {
      ...{ ...context.call, cascade },
      confirm: (where) =>
        confirm(
          `Drop all tables of medallion in ${where}, with all they hold` +
            `${cascade ? ', and what others have made that depends on them' : ''}?`,
          { command: 'reset', does: 'drops', done: 'dropped', yes },
          context.signal,
        ),
    });
    context.note(`${server} holds nothing of medallion`);
    if (left.length > 0) {
      const names = left.map(({ kind, identity }) => `${kind} ${identity}`);
      context.note(`What others have made stays: ${names.join(', ')}`);
    }
    if (context.config.log.kind === 'landing') {
      context.note(
        `The landing files below ${context.config.home} stay: the next ingest reads them again. Delete them to start from nothing.`,
      );
    }
  },
});

export const dbCommand = command(
  'db',
  'the warehouse: start, stop, inspect, open, migrate, share or reset it',
  {
    details: `
The warehouse is the server that --database-url, DATABASE_URL, PG* or POSTGRES_*
name. Without them it is an embedded PostgreSQL below --home, on 127.0.0.1 only.
The first command that needs it starts it, the last one that ends stops it,
unless "db start" keeps it up.`,
    examples: [
      'medallion db start',
      'medallion db psql -- -c "select count(*) from silver.fact_transactions"',
      'psql "$(medallion db url)"',
      'medallion db grant reader grafana --create --password-prompt',
      'medallion db reset --yes',
    ],
    seeAlso: ['doctor', 'sql', 'docs/configuration.md'],
    commands: [start, stop, status, url, psql, migrateCommand, grantCommand, resetCommand],
  },
);

/** The settings in libpq's form, which psql and most other clients take. */
function urlOf({ host, port, user, password, database, tls }: ConnectionSettings): string {
  const secret = password === undefined ? '' : `:${encodeURIComponent(password)}`;
  const address = host.includes(':') ? `[${host}]` : encodeURIComponent(host);
  const parameters = new URLSearchParams();
  for (const [name, value] of [
    ['sslmode', tls && sslModeOf(tls)],
    ['sslrootcert', tls?.caFile],
    ['sslcert', tls?.certFile],
    ['sslkey', tls?.keyFile],
  ] as const) {
    if (value !== undefined) {
      parameters.set(name, value);
    }
  }
  const query = parameters.size === 0 ? '' : `?${parameters.toString()}`;
  return `postgresql://${encodeURIComponent(user)}${secret}@${address}:${String(port)}/${encodeURIComponent(database)}${query}`;
}

/** Runs a program on this terminal. Ctrl-C is its business while it runs, not ours. */
async function runInteractively(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<number> {
  const listeners = process.listeners('SIGINT');
  const ignore = (): void => undefined;
  process.removeAllListeners('SIGINT').on('SIGINT', ignore);
  try {
    return await new Promise<number>((resolve, reject) => {
      const child = spawn(program, args, { env, stdio: 'inherit' });
      child.once('error', reject);
      child.once('exit', (code) => {
        resolve(code ?? 1);
      });
    });
  } catch (error) {
    if (codeOf(error) === 'ENOENT') {
      throw new MedallionError('config', `${program} is not installed`, {
        hint: [
          "It comes with PostgreSQL's client programs: apt install postgresql-client, dnf install postgresql,",
          'brew install libpq. Without it: medallion sql "select .."',
        ].join('\n'),
        cause: error,
      });
    }
    throw error;
  } finally {
    process.off('SIGINT', ignore);
    for (const listener of listeners) {
      process.on('SIGINT', listener);
    }
  }
}
