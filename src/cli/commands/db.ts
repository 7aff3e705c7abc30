import { Command } from 'commander';
import { spawn } from 'node:child_process';
import { sslModeOf } from '../../config.ts';
import { withoutUnsupported } from '../../config/libpq.ts';
import { codeOf, MedallionError } from '../../errors.ts';
import { describeServer, type ConnectionSettings } from '../../postgres/client.ts';
import { embeddedStatus, keepServerRunning, stopEmbeddedServer } from '../../embedded/server.ts';
import {
  dropWarehouse,
  migrateWarehouse,
  serverSettings,
  warehouseState,
  withWarehouse,
} from '../../postgres/warehouse.ts';
import { confirm } from '../confirm.ts';
import { addGlobalFlags, type CommandContext } from '../context.ts';
import { manual } from '../help.ts';
import type { RunCommand } from '../run-command.ts';
import { createGrantCommand } from './db-grant.ts';

export function createDbCommand(run: RunCommand): Command {
  const db = new Command('db')
    .description('the warehouse: start, stop, look at, reach, migrate, share or reset it')
    .enablePositionalOptions();
  const commands = [
    new Command('start')
      .description('start the embedded PostgreSQL and keep it up for other clients')
      .addHelpText(
        'after',
        manual({
          examples: ['medallion db start', 'medallion db start --home /tmp/shop'],
          seeAlso: ['db stop', 'db status', 'db url'],
        }),
      )
      .action(run(start)),
    new Command('stop')
      .description('stop the embedded PostgreSQL, once no command uses it')
      .addHelpText(
        'after',
        manual({
          examples: ['medallion db stop'],
          seeAlso: ['db start', 'db status'],
        }),
      )
      .action(run(stop)),
    new Command('status')
      .description('say where the warehouse is and how it does; starts nothing')
      .addHelpText(
        'after',
        manual({
          examples: ['medallion db status', 'medallion db status --output json'],
          seeAlso: ['doctor', 'status'],
        }),
      )
      .action(run(status)),
    new Command('url')
      .description('print the warehouse as a URL, password included, for psql and other clients')
      .addHelpText(
        'after',
        manual({
          examples: ['medallion db url', 'medallion db url --home /tmp/shop'],
          seeAlso: ['db psql', 'db start'],
        }),
      )
      .action(run(url)),
    new Command('psql')
      .description('open psql on the warehouse; what follows -- goes to psql')
      .argument('[args...]', "psql's own arguments")
      .allowUnknownOption()
      .passThroughOptions()
      .addHelpText(
        'after',
        manual({
          examples: [
            'medallion db psql',
            'medallion db psql -- -c "select count(*) from bronze.events"',
          ],
          seeAlso: ['sql', 'db url'],
        }),
      )
      .action(run(psql)),
    new Command('migrate')
      .description(
        'bring the schema up to date, all tables included; the other commands do so, too',
      )
      .addHelpText(
        'after',
        manual({
          examples: ['medallion db migrate'],
          seeAlso: ['promote', 'db status'],
        }),
      )
      .action(run(migrate)),
    createGrantCommand(run),
    new Command('reset')
      .description('drop everything medallion has stored in the warehouse')
      .option('--yes', 'do not ask')
      .option(
        '--cascade',
        'also drop what others have made that depends on it, such as their views',
      )
      .addHelpText(
        'after',
        manual({
          details: `
Drops what medallion has made, and nothing else. What others have made in the
schemas bronze, silver, gold and medallion stays and is named. If a view or the
like of theirs depends on a table of medallion, nothing is dropped, unless
--cascade is given.`,
          examples: ['medallion db reset', 'medallion db reset --yes'],
          exits: { 5: 'another session is using the tables' },
          seeAlso: ['demo', 'db migrate'],
        }),
      )
      .action(run(reset)),
  ];
  for (const command of commands) {
    db.addCommand(addGlobalFlags(command));
  }
  return db.addHelpText(
    'after',
    manual({
      details: `
The warehouse is the server that --database-url, DATABASE_URL, PG* or POSTGRES_*
name. Without them it is a real PostgreSQL of its own below --home, on 127.0.0.1
only: started by the first command that needs it, stopped by the last one that
leaves, unless "db start" keeps it up.`,
      examples: [
        'medallion db start',
        'medallion db psql -- -c "select count(*) from silver.fact_transactions"',
        'psql "$(medallion db url)"',
        'medallion db grant reader grafana --create --password-prompt',
        'medallion db reset --yes',
      ],
      seeAlso: ['doctor', 'sql', 'docs/configuration.md'],
    }),
  );
}

async function start(context: CommandContext): Promise<void> {
  requireEmbedded(context, 'start');
  const settings = await keepServerRunning(context.config.home, context);
  context.emit({
    type: 'note',
    message: `PostgreSQL is up at ${describeServer(settings)} and stays up until: medallion db stop`,
  });
}

async function stop(context: CommandContext): Promise<void> {
  requireEmbedded(context, 'stop');
  const users = await stopEmbeddedServer(context.config.home, context);
  const message =
    users === undefined
      ? 'PostgreSQL is not running'
      : users === 0
        ? 'PostgreSQL has stopped'
        : `PostgreSQL is in use; it stops when the last of ${String(users)} command${users === 1 ? '' : 's'} has finished`;
  context.emit({ type: 'note', message });
}

async function status(context: CommandContext): Promise<void> {
  const { warehouse, home } = context.config;
  const facts: [property: string, value: string][] = [];
  const describe = async (settings: ConnectionSettings): Promise<void> => {
    const state = await warehouseState(settings);
    facts.push(
      ['address', describeServer(settings)],
      ['version', state.serverVersion],
      ['schema', state.migration ?? 'not made yet'],
      ['size', `${String(state.size / 1_000_000n)} MB`],
    );
  };
  if (warehouse.kind === 'server') {
    facts.push(['server', `from ${warehouse.from}`]);
    await describe(serverSettings(warehouse));
  } else {
    const server = await embeddedStatus(home);
    facts.push(
      ['server', 'embedded'],
      [
        'state',
        server.state === 'absent' ? 'not made yet: the first command makes it' : server.state,
      ],
    );
    if (server.settings !== undefined) {
      await describe(server.settings);
      facts.push(['in use by', `${String(server.users)} command${server.users === 1 ? '' : 's'}`]);
    }
    facts.push(
      [
        'stays up',
        server.kept ? 'yes, until: medallion db stop' : 'no; to keep it up: medallion db start',
      ],
      ['data', server.dataDirectory],
      ['log', server.logFile],
    );
  }
  await context.writeRows({
    columns: [
      { name: 'property', kind: 'text' },
      { name: 'value', kind: 'text' },
    ],
    rows: facts,
  });
}

async function url(context: CommandContext): Promise<void> {
  const { warehouse, home } = context.config;
  if (warehouse.kind === 'server') {
    await context.write(`${urlOf(serverSettings(warehouse))}\n`);
    return;
  }
  await withWarehouse(context.config, context, (settings) => context.write(`${urlOf(settings)}\n`));
  if (!(await embeddedStatus(home)).kept) {
    context.emit({
      type: 'note',
      message: 'The server is up only while a command uses it. To keep it up: medallion db start',
    });
  }
}

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

async function psql(context: CommandContext, _flags: unknown, args: string[]): Promise<void> {
  await withWarehouse(context.config, context, async (settings) => {
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
  });
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

async function migrate(context: CommandContext): Promise<void> {
  await withWarehouse(
    context.config,
    context,
    async (settings) => {
      const applied = await migrateWarehouse(settings);
      if (applied.length > 0 || context.format !== undefined) {
        await context.writeRows({
          columns: [{ name: 'migration', kind: 'text' }],
          rows: applied.map((name) => [name]),
        });
      }
      context.emit({
        type: 'note',
        message:
          applied.length === 0
            ? `${describeServer(settings)} was up to date`
            : `${describeServer(settings)} is up to date`,
      });
    },
    { migrate: false, writes: true },
  );
}

interface ResetFlags {
  readonly yes?: boolean;
  readonly cascade?: boolean;
}

async function reset(
  context: CommandContext,
  { yes = false, cascade = false }: ResetFlags,
): Promise<void> {
  await withWarehouse(
    context.config,
    context,
    async (settings) => {
      if (!yes) {
        await confirm(
          `Drop all tables of medallion in ${describeServer(settings)}, with all they hold` +
            `${cascade ? ', and what others have made that depends on them' : ''}?`,
          { command: 'reset', does: 'drops', done: 'dropped' },
          context.signal,
        );
      }
      const left = await dropWarehouse(settings, { cascade });
      const names = left.map(({ kind, identity }) => `${kind} ${identity}`);
      context.emit({
        type: 'note',
        message: [
          `${describeServer(settings)} holds nothing of medallion`,
          ...(names.length === 0 ? [] : [`What others have made stays: ${names.join(', ')}`]),
        ].join('\n'),
      });
      if (context.config.log.kind === 'landing') {
        context.emit({
          type: 'note',
          message: `The landing files below ${context.config.home} stay: the next ingest lands them again. Delete them to start from nothing.`,
        });
      }
    },
    { migrate: false, writes: true },
  );
}

function requireEmbedded(context: CommandContext, verb: string): void {
  const { warehouse } = context.config;
  if (warehouse.kind === 'server') {
    throw new MedallionError(
      'usage',
      `the warehouse is the server that ${warehouse.from} names; medallion does not ${verb} it`,
      {
        hint: 'Only the embedded PostgreSQL is started and stopped here: unset DATABASE_URL, PG* and POSTGRES_*.',
      },
    );
  }
}
