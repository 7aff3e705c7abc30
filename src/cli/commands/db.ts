import { spawn } from 'node:child_process';
import type { Command } from 'commander';
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
import type { ConnectionSettings } from '../../postgres/server.ts';
import { serverSettings } from '../../postgres/warehouse.ts';
import { confirm } from '../confirm.ts';
import { addGlobalFlags, type CommandContext } from '../context.ts';
import { command } from '../help.ts';
import { resultOf } from '../render/result.ts';
import type { RunCommand } from '../run-command.ts';
import { createGrantCommand } from './db-grant.ts';

export function createDbCommand(run: RunCommand): Command {
  const db = command(
    'db',
    'the warehouse: start, stop, look at, reach, migrate, share or reset it',
    {
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
    },
  ).enablePositionalOptions();
  const commands = [
    command('start', 'start the embedded PostgreSQL and keep it up for other clients', {
      examples: ['medallion db start', 'medallion db start --home /tmp/shop'],
      seeAlso: ['db stop', 'db status', 'db url'],
    }).action(run(start)),
    command('stop', 'stop the embedded PostgreSQL, once no command uses it', {
      examples: ['medallion db stop'],
      seeAlso: ['db start', 'db status'],
    }).action(run(stop)),
    command('status', 'say where the warehouse is and how it does; starts nothing', {
      examples: ['medallion db status', 'medallion db status --output json'],
      seeAlso: ['doctor', 'status'],
    }).action(run(status)),
    command('url', 'print the warehouse as a URL, password included, for psql and other clients', {
      examples: ['medallion db url', 'medallion db url --home /tmp/shop'],
      seeAlso: ['db psql', 'db start'],
    }).action(run(url)),
    command('psql', 'open psql on the warehouse; what follows -- goes to psql', {
      examples: [
        'medallion db psql',
        'medallion db psql -- -c "select count(*) from bronze.events"',
      ],
      seeAlso: ['sql', 'db url'],
    })
      .argument('[args...]', "psql's own arguments")
      .allowUnknownOption()
      .passThroughOptions()
      .action(run(psql)),
    command(
      'migrate',
      'bring the schema up to date, all tables included; the other commands do so, too',
      {
        examples: ['medallion db migrate'],
        seeAlso: ['promote', 'db status'],
      },
    ).action(run(runMigrate)),
    createGrantCommand(run),
    command('reset', 'drop everything medallion has stored in the warehouse', {
      details: `
Drops what medallion has made, and nothing else. What others have made in the
schemas bronze, silver, gold and medallion stays and is named. If a view or the
like of theirs depends on a table of medallion, nothing is dropped, unless
--cascade is given.`,
      examples: ['medallion db reset', 'medallion db reset --yes'],
      exits: { 5: 'another session is using the tables' },
      seeAlso: ['demo', 'db migrate'],
    })
      .option('--yes', 'do not ask')
      .option(
        '--cascade',
        'also drop what others have made that depends on it, such as their views',
      )
      .action(run(runReset)),
  ];
  for (const command of commands) {
    db.addCommand(addGlobalFlags(command));
  }
  return db;
}

async function start({ config, call, emit }: CommandContext): Promise<void> {
  const server = await startServer(config, call);
  emit({
    type: 'note',
    message: `PostgreSQL is up at ${server} and stays up until: medallion db stop`,
  });
}

async function stop({ config, call, emit }: CommandContext): Promise<void> {
  const users = await stopServer(config, call);
  const message =
    users === undefined
      ? 'PostgreSQL is not running'
      : users === 0
        ? 'PostgreSQL has stopped'
        : `PostgreSQL is in use; it stops when the last of ${counted(users, 'command')} has finished`;
  emit({ type: 'note', message });
}

async function status({ config, writeRows }: CommandContext): Promise<void> {
  const { warehouse } = config;
  const { embedded, running } = await warehouseFacts(config);
  const facts: [property: string, value: string | undefined][] = [
    ['server', warehouse.kind === 'server' ? `from ${warehouse.from}` : 'embedded'],
    [
      'state',
      embedded?.state === 'absent' ? 'not made yet: the first command makes it' : embedded?.state,
    ],
    ['address', running?.address],
    ['version', running?.serverVersion],
    ['schema', running && (running.migration ?? 'not made yet')],
    ['size', running && `${String(running.size / 1_000_000n)} MB`],
    ['in use by', running && embedded && counted(embedded.users, 'command')],
    [
      'stays up',
      embedded &&
        (embedded.kept ? 'yes, until: medallion db stop' : 'no; to keep it up: medallion db start'),
    ],
    ['data', embedded?.dataDirectory],
    ['log', embedded?.logFile],
  ];
  const rows = facts.flatMap(([property, value]) =>
    value === undefined ? [] : [{ property, value }],
  );
  await writeRows(resultOf({ property: 'text', value: 'text' }, rows));
}

async function url({ config, call, write, emit }: CommandContext): Promise<void> {
  if (config.warehouse.kind === 'server') {
    await write(`${urlOf(serverSettings(config.warehouse))}\n`);
    return;
  }
  await withWarehouse(config, (settings) => write(`${urlOf(settings)}\n`), call);
  if (!(await warehouseFacts(config)).embedded?.kept) {
    emit({
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

async function runMigrate(context: CommandContext): Promise<void> {
  const { applied, server } = await migrate(context.config, context.call);
  if (applied.length > 0 || context.format !== undefined) {
    const rows = applied.map((migration) => ({ migration }));
    await context.writeRows(resultOf({ migration: 'text' }, rows));
  }
  context.emit({
    type: 'note',
    message: applied.length === 0 ? `${server} was up to date` : `${server} is up to date`,
  });
}

interface ResetFlags {
  readonly yes?: boolean;
  readonly cascade?: boolean;
}

async function runReset(
  context: CommandContext,
  { yes = false, cascade = false }: ResetFlags,
): Promise<void> {
  const { left, server } = await reset(context.config, {
    ...{ ...context.call, cascade },
    confirm: async (where) => {
      if (!yes) {
        await confirm(
          `Drop all tables of medallion in ${where}, with all they hold` +
            `${cascade ? ', and what others have made that depends on them' : ''}?`,
          { command: 'reset', does: 'drops', done: 'dropped' },
          context.signal,
        );
      }
    },
  });
  const names = left.map(({ kind, identity }) => `${kind} ${identity}`);
  context.emit({
    type: 'note',
    message: [
      `${server} holds nothing of medallion`,
      ...(names.length === 0 ? [] : [`What others have made stays: ${names.join(', ')}`]),
    ].join('\n'),
  });
  if (context.config.log.kind === 'landing') {
    context.emit({
      type: 'note',
      message: `The landing files below ${context.config.home} stay: the next ingest reads them again. Delete them to start from nothing.`,
    });
  }
}
