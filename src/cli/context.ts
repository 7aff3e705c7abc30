import type { Command } from 'commander';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseEnv } from 'node:util';
import { parseConfig, type Config, type ConfigFlags, type Environment } from '../config.ts';
import type { StageContext } from '../progress.ts';
import { argumentsForRecord } from './secrets.ts';
import { wantsColor } from './render/color.ts';
import {
  OUTPUT_FORMATS,
  renderTable,
  type OutputFormat,
  type ResultTable,
} from './render/output.ts';
import { progressRenderer } from './render/progress.ts';
import { visible } from './render/text.ts';

/** What every command gets: its configuration, when to stop, and the only ways to say something. */
export interface CommandContext extends StageContext {
  readonly config: Config;
  readonly env: Environment;
  readonly cwd: string;
  readonly processId: number;
  /** The arguments as given, with what could be a secret taken out: for records of runs. */
  readonly commandLine: readonly string[];
  /** The format asked for with --output; undefined lets the command choose what people like to read. */
  readonly format: OutputFormat | undefined;
  /** Whether stdout is a terminal. */
  readonly isTerminal: boolean;
  /** Columns of the terminal; 80 in a pipe. */
  readonly width: number;
  readonly color: boolean;
  /** Writes a result to stdout. */
  readonly write: (text: string | Uint8Array) => Promise<void>;
  /** Writes rows to stdout in the format asked for. */
  readonly writeRows: (table: ResultTable) => Promise<void>;
}

/** Columns of a page that goes into a pipe. */
const PIPE_WIDTH = 80;

/** What commander collected for the flags that every command takes. */
export interface GlobalFlags extends ConfigFlags {
  readonly output?: OutputFormat;
  readonly quiet?: boolean;
}

/**
 * Flags of every command, added in one place so that they read the same everywhere. A command to which --topic means
 * something else has added its own before.
 */
export function addGlobalFlags(command: Command): Command {
  if (!command.options.some(({ long }) => long === '--topic')) {
    command.option('--topic <name>', 'topic of the events (KAFKA_TOPIC; default sales)');
  }
  return command
    .option(
      '--home <dir>',
      'folder for everything medallion keeps (MEDALLION_HOME; default ./.medallion)',
    )
    .option(
      '--database-url <url>',
      'PostgreSQL to use instead of the embedded one (DATABASE_URL, PG*, POSTGRES_*)',
    )
    .option('--brokers <list>', 'Kafka brokers, host:port separated by commas (KAFKA_BROKERS)')
    .option('-q, --quiet', 'no progress and no notes, only results, warnings and errors')
    .addOption(
      command
        .createOption('-o, --output <format>', 'how to print rows')
        .choices([...OUTPUT_FORMATS]),
    );
}

/** Flags of the commands that talk to Kafka. A password comes from the environment only. */
export function addKafkaFlags(command: Command): Command {
  return command
    .option('--client-id <name>', 'Kafka client id (KAFKA_CLIENT_ID)')
    .option(
      '--sasl-mechanism <name>',
      'plain, scram-sha-256 or scram-sha-512 (KAFKA_SASL_MECHANISM)',
    )
    .option(
      '--sasl-username <name>',
      'user for SASL; the password is KAFKA_SASL_PASSWORD (KAFKA_SASL_USERNAME)',
    )
    .option('--tls', "encrypt, and verify the brokers' certificates (KAFKA_SSL)")
    .option('--tls-ca <file>', 'certificates that the brokers are verified against (KAFKA_SSL_CA)')
    .option('--tls-cert <file>', 'certificate of this client (KAFKA_SSL_CERT)')
    .option('--tls-key <file>', 'its key (KAFKA_SSL_KEY)');
}

/** The environment with the .env file of the working folder beneath it: what is set already wins. */
export function readEnvironment(cwd: string, env: Environment): Environment {
  const file = path.join(cwd, '.env');
  return existsSync(file) ? { ...parseEnv(readFileSync(file, 'utf8')), ...env } : env;
}

export function createContext(
  flags: GlobalFlags,
  env: Environment,
  cwd: string,
  signal: AbortSignal,
): CommandContext & { stop: () => void } {
  const config = parseConfig(flags, env, cwd);
  const progress = progressRenderer(process.stderr, {
    quiet: flags.quiet ?? false,
    color: wantsColor(process.stderr, env),
  });
  const write = async (text: string | Uint8Array): Promise<void> =>
    new Promise((resolve, reject) => {
      // CSV keeps every character, for programs; a terminal would act on some.
      const isShown = typeof text === 'string' && process.stdout.isTTY && flags.output === 'csv';
      process.stdout.write(isShown ? visible(text, { lines: true }) : text, (error) => {
        if (error) {
          reject(error);
        } else {
          resolve();
        }
      });
    });
  return {
    config,
    env,
    cwd,
    processId: process.pid,
    commandLine: argumentsForRecord(process.argv.slice(2)),
    signal,
    emit: progress.emit,
    stop: progress.stop,
    format: flags.output,
    isTerminal: process.stdout.isTTY,
    width: process.stdout.isTTY ? process.stdout.columns : PIPE_WIDTH,
    color: wantsColor(process.stdout, env),
    write,
    writeRows: (table) => write(renderTable(table, flags.output ?? 'table')),
  };
}
