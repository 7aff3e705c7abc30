import type { Command } from 'commander';
import { configOf, type Config, type ConfigFlags } from '../config.ts';
import { readSettingsFile, type SettingsFile } from '../config/file.ts';
import { findSettingsFile } from '../config/load.ts';
import { resolveSettings, type Environment, type Given, type Resolved } from '../config/resolve.ts';
import { CONFIG_FILE, SETTINGS } from '../config/settings.ts';
import type { Emit, StageContext } from '../progress.ts';
import { settingOption } from './options.ts';
import { argumentsForRecord } from './secrets.ts';
import { wantsColor } from './render/color.ts';
import {
  OUTPUT_FORMATS,
  renderForTerminal,
  renderTable,
  type OutputFormat,
  type ResultTable,
} from './render/output.ts';
import { progressRenderer } from './render/progress.ts';
import { visible } from './render/text.ts';

/** What every command gets: its configuration, when to stop, and the only ways to say something. */
export interface CommandContext extends StageContext {
  /** @throws MedallionError config */
  readonly config: Config;
  /** What the configuration is made from. @throws MedallionError config */
  readonly settings: Resolved;
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
  readonly config?: string;
  readonly output?: OutputFormat;
  readonly quiet?: boolean;
}

/**
 * Flags of every command, added in one place so that they read the same everywhere. A command to which --topic means
 * something else has added its own before.
 */
export function addGlobalFlags(command: Command): Command {
  if (!command.options.some(({ long }) => long === '--topic')) {
    command.addOption(settingOption('kafka.topic'));
  }
  return command
    .addOption(settingOption('home'))
    .addOption(settingOption('database.url'))
    .addOption(settingOption('kafka.brokers'))
    .option(
      CONFIG_FILE.flag,
      `${CONFIG_FILE.about} (${CONFIG_FILE.variable}; default ./${CONFIG_FILE.names[0]}, if there is one)`,
    )
    .option('-q, --quiet', 'no progress and no notes, only results, warnings and errors')
    .addOption(
      command
        .createOption('-o, --output <format>', 'how to print rows')
        .choices([...OUTPUT_FORMATS]),
    );
}

const KAFKA_FLAGS = [
  'kafka.client_id',
  'kafka.sasl_mechanism',
  'kafka.sasl_username',
  'kafka.tls',
  'kafka.tls_ca',
  'kafka.tls_cert',
  'kafka.tls_key',
] as const;

/** Flags of the commands that talk to Kafka. There is none for the password: arguments can be seen by others. */
export function addKafkaFlags(command: Command): Command {
  for (const key of KAFKA_FLAGS) {
    command.addOption(settingOption(key));
  }
  return command;
}

/** Tells of a file with a password that others may read. */
function warnOfShared({ isShared, name, values }: SettingsFile, emit: Emit): void {
  const hasPassword = SETTINGS.some(({ key, isSecret }) => isSecret === true && values.has(key));
  const url = values.get('database.url')?.value ?? '';
  if (isShared && (hasPassword || /^[^/]*:\/\/[^/]*:[^/]*@/.test(url))) {
    emit({
      type: 'warning',
      message: `${name} holds a password, and others on this machine may read it`,
      hint: `Keep it to yourself (chmod 600 ${name}), or keep passwords in the environment.`,
    });
  }
}

/**
 * The context of a command. Its settings are read when they are first asked for: a command that needs none also runs
 * where they are wrong.
 */
export async function createContext(
  flags: GlobalFlags,
  environment: Pick<Given, 'env' | 'fromDotEnv'>,
  cwd: string,
  signal: AbortSignal,
): Promise<CommandContext & { stop: () => void }> {
  const { env } = environment;
  let settings: Resolved | undefined;
  let config: Config | undefined;
  const progress = await progressRenderer(process.stderr, {
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
  const readSettings = (): Resolved => {
    const place = findSettingsFile(cwd, flags.config, env);
    const file = place === undefined ? undefined : readSettingsFile(place, cwd);
    if (file !== undefined) {
      warnOfShared(file, progress.emit);
    }
    return resolveSettings({ ...environment, flags: { ...flags }, file });
  };
  return {
    get settings() {
      settings ??= readSettings();
      return settings;
    },
    get config(): Config {
      config ??= configOf((settings ??= readSettings()), env, cwd);
      return config;
    },
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
    writeRows: (table) =>
      write(
        flags.output === undefined && process.stdout.isTTY
          ? renderForTerminal(table, process.stdout.columns)
          : renderTable(table, flags.output ?? 'table'),
      ),
  };
}
