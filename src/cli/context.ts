import type { Command } from 'commander';
import type { Readable } from 'node:stream';
import type { CallOptions } from '../app/call.ts';
import { configOf, type Config, type ConfigFlags } from '../config.ts';
import { readSettingsFile, type SettingsFile } from '../config/file.ts';
import { findProject } from '../config/project.ts';
import { resolveSettings, type Environment, type Given, type Resolved } from '../config/resolve.ts';
import { CONFIG_FILE, SETTINGS } from '../config/settings.ts';
import { usageError } from '../errors.ts';
import type { Emit, StageContext } from '../progress.ts';
import { choice, group, HEADINGS, setting } from './flags.ts';
import { outputError } from './output-failure.ts';
import { argumentsForRecord } from './secrets.ts';
import { wantsColor } from './render/color.ts';
import type { ResultTable } from '../postgres/query.ts';
import { chosenParts, renderParts, type Part } from './render/document.ts';
import type { Page } from './render/fit.ts';
import { OUTPUT_FORMATS, renderTable, type OutputFormat } from './render/output.ts';
import { progressRenderer } from './render/progress.ts';
import { visible } from './render/text.ts';

/** What every command gets: its configuration, when to stop, and the only ways to say something. */
export interface CommandContext extends StageContext {
  /** @throws MedallionError config */
  readonly config: Config;
  /** What the configuration is made from. @throws MedallionError config */
  readonly settings: Resolved;
  /** The folder with models of the user's own, known also where settings in it are wrong. */
  readonly project: string | undefined;
  /** The same as another command line would have it. */
  readonly configWith: (flags: GlobalFlags) => Config;
  readonly projectWith: (flags: GlobalFlags) => string | undefined;
  readonly env: Environment;
  readonly cwd: string;
  /** What every call of the library takes; of the arguments, for records of runs, what could be a secret is taken out. */
  readonly call: CallOptions;
  readonly stdin: Readable;
  /** The format asked for with --output; undefined lets the command choose what people like to read. */
  readonly format: OutputFormat | undefined;
  /** Whether stdout is a terminal. */
  readonly isTerminal: boolean;
  /** Columns of the terminal; in a pipe what COLUMNS says, or 80. */
  readonly width: number;
  /** Whether no text of a CSV file may be taken for a formula. */
  readonly escapeFormulas: boolean;
  readonly color: boolean;
  /** Tells people what a command did, and what they should know of it. */
  readonly note: (message: string) => void;
  readonly warn: (message: string, hint?: string) => void;
  /** Writes a result to stdout. @throws MedallionError interrupted (nobody reads it), storage */
  readonly write: (text: string | Uint8Array) => Promise<void>;
  /** Writes rows to stdout in the format asked for; `page` is how people see them, where that is not the table itself. */
  readonly writeRows: (table: ResultTable, page?: Page) => Promise<void>;
  /** The same for rows of which it is no news that there are none: people see nothing then. */
  readonly writeNews: CommandContext['writeRows'];
  /** Writes a text for people, or rows where a format is asked for. */
  readonly writeText: (text: string, table: () => ResultTable) => Promise<void>;
  /** Writes the parts of that name; all of them when none is named. */
  readonly writeParts: (
    parts: readonly Part[],
    names: readonly string[] | undefined,
  ) => Promise<void>;
}

/** Columns of a page that goes into a pipe. */
const PIPE_WIDTH = 80;

/** Where results, or notes, go. */
export type Output = NodeJS.WritableStream & Pick<NodeJS.WriteStream, 'isTTY' | 'columns'>;

/** What a command reads from, and writes to. */
export interface Streams {
  readonly stdin: Readable;
  readonly stdout: Output;
  readonly stderr: Output;
}

function pageWidth({ isTTY, columns }: Output, env: Environment): number {
  const wanted = isTTY ? columns : Number(env['COLUMNS']);
  // Some terminals do not know how wide they are.
  return Number.isSafeInteger(wanted) && wanted > 0 ? wanted : PIPE_WIDTH;
}

/** What commander collected for the flags that every command takes. */
export interface GlobalFlags extends ConfigFlags {
  readonly config?: string;
  readonly output?: OutputFormat;
  readonly quiet?: boolean;
  readonly escapeFormulas?: boolean;
  /** Of export, where it names a format. */
  readonly to?: string;
}

/**
 * Flags of every command, added in one place so that they read the same everywhere. A command to which --topic means
 * something else has added its own before.
 */
export function addGlobalFlags(command: Command): Command {
  const has = (flag: string): boolean => command.options.some(({ long }) => long === flag);
  const topic = setting('kafka.topic');
  const brokers = setting('kafka.brokers');
  if (!has('--client-id')) {
    topic.helpGroup(HEADINGS.everywhere);
    brokers.helpGroup(HEADINGS.everywhere);
  }
  return [
    ...(has('--topic') ? [] : [topic]),
    ...[brokers, setting('home'), setting('database.url')],
    ...Object.values(
      group(HEADINGS.everywhere, {
        [CONFIG_FILE.flag]: `${CONFIG_FILE.about} (default: ${CONFIG_FILE.names[0]} here, or in the nearest folder above)`,
        '-q, --quiet': 'no progress and no notes: only results, warnings and errors',
        output: choice('-o, --output <format>', 'format of the rows', OUTPUT_FORMATS),
        '--escape-formulas':
          "in csv, put ' before text that a spreadsheet would take for a formula",
      }),
      // A group of commands has them, too: its defaults would win over what its command was given.
    ).map((option) => option.default(undefined)),
  ].reduce((extended, option) => extended.addOption(option), command);
}

/** Tells of a file with a password that others may read. */
function warnOfShared({ isShared, name, values }: SettingsFile, emit: Emit): void {
  const hasPassword = SETTINGS.some(({ key, isSecret }) => isSecret === true && values.has(key));
  const url = values.get('database.url')?.value ?? '';
  if (isShared && (hasPassword || /^[^/]*:\/\/[^/]*:[^/]*@/.test(url))) {
    emit({
      type: 'warning',
      message: `${name} has a password in it, and other users of this machine can read it`,
      hint: `Make it private (chmod 600 ${name}), or put passwords into the environment.`,
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
  {
    args,
    stdin,
    stdout,
    stderr,
    signal,
  }: Streams & { readonly args: readonly string[]; readonly signal: AbortSignal },
): Promise<CommandContext & { stop: () => void }> {
  const { env } = environment;
  const width = pageWidth(stdout, env);
  const { escapeFormulas = false } = flags;
  if (escapeFormulas && flags.output !== 'csv' && flags.to !== 'csv') {
    throw usageError(
      '--escape-formulas works only with csv',
      'Add --output csv, or --to csv to an export.',
    );
  }
  let settings: Resolved | undefined;
  let config: Config | undefined;
  const progress = await progressRenderer(stderr, {
    quiet: flags.quiet ?? false,
    color: wantsColor(stderr, env),
  });
  const write = async (text: string | Uint8Array): Promise<void> =>
    new Promise((resolve, reject) => {
      // CSV keeps every character, for programs; a terminal would act on some.
      const isShown = typeof text === 'string' && stdout.isTTY && flags.output === 'csv';
      stdout.write(isShown ? visible(text, { lines: true }) : text, (error) => {
        if (error) {
          reject(outputError(error));
        } else {
          resolve();
        }
      });
    });
  const readSettings = (given = flags): Resolved => {
    const project = findProject(cwd, given.config, env);
    const file = project && readSettingsFile(project.file, cwd, project.isAbove);
    if (file !== undefined) {
      warnOfShared(file, progress.emit);
    }
    return resolveSettings({ ...environment, flags: { ...given }, file });
  };
  const writeRows: CommandContext['writeRows'] = (table, page) => {
    const format = flags.output ?? 'table';
    return write(
      format === 'table' && page !== undefined && table.rows.length > 0
        ? page(table, width)
            .map((line) => `${line}\n`)
            .join('')
        : renderTable(table, format, { width, escapeFormulas }),
    );
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
    get project() {
      return findProject(cwd, flags.config, env)?.folder;
    },
    configWith: (given) => configOf(readSettings(given), env, cwd),
    projectWith: (given) => findProject(cwd, given.config, env)?.folder,
    env,
    cwd,
    call: { signal, onEvent: progress.emit, arguments: argumentsForRecord(args) },
    stdin,
    signal,
    emit: progress.emit,
    note: (message) => progress.emit({ type: 'note', message }),
    warn: (message, hint) => progress.emit({ type: 'warning', message, hint }),
    stop: progress.stop,
    format: flags.output,
    isTerminal: stdout.isTTY,
    width,
    escapeFormulas,
    color: wantsColor(stdout, env),
    write,
    writeRows,
    writeNews: async (table, page) => {
      if (flags.output !== undefined || table.rows.length > 0) {
        await writeRows(table, page);
      }
    },
    writeParts: (parts, names) =>
      write(
        renderParts(chosenParts(parts, names), flags.output ?? 'table', { width, escapeFormulas }),
      ),
    writeText: (text, table) => (flags.output === undefined ? write(text) : writeRows(table())),
  };
}
