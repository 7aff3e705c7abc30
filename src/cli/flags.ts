import { InvalidArgumentError, Option, type Command } from 'commander';
import type { Resolved } from '../config/resolve.ts';
import {
  settingOf,
  type Setting,
  type SettingKey,
  type WrittenSetting,
} from '../config/settings.ts';
import { DEFAULT_ENGINE, ENGINES } from '../config/stage-settings.ts';
import { MedallionError, usageError } from '../errors.ts';
import { DEFAULT_RETRY_POLICY, type RetryPolicy } from '../retry.ts';
import { parseCount, parseDay, parseMemory, parseRetryPolicy } from './options.ts';

/** The options of a command: declared once, parsed by commander, and typed where they are used. */

declare const VALUE: unique symbol;

/** An option of commander whose value is of this type. */
export type Flag<Value> = Option & { readonly [VALUE]?: Value };

/** Options by what the command calls their values. */
export type Flags = Readonly<Record<string, Flag<unknown>>>;

/** What a command gets of its options. */
export type Values<All extends Flags> = {
  readonly [Name in keyof All]: All[Name] extends Flag<infer Value> ? Value : never;
};

/** Of an option without a default: a list, a value, or whether the switch was given. */
type Given<Words extends string, Value> = Words extends `${string}...>`
  ? readonly Value[] | undefined
  : Words extends `${string}>`
    ? Value | undefined
    : boolean;

/** An option as commander takes it: `--count <n>` has a value, `--select <marts...>` several, `--yes` is a switch. */
export function option<Words extends string>(
  words: Words,
  about: string,
): Flag<Given<Words, string>>;
export function option<Words extends string, Value>(
  words: Words,
  about: string,
  parse: (text: string) => Value,
): Flag<Given<Words, Value>>;
export function option<Value>(
  words: string,
  about: string,
  parse: (text: string) => Value,
  fallback: Value,
  shown?: string,
): Flag<Value>;
export function option(
  words: string,
  about: string,
  parse?: (text: string) => unknown,
  fallback?: unknown,
  shown?: string,
): Option {
  const made = new Option(words, about);
  if (parse !== undefined) {
    made.argParser(parse);
  }
  const isSwitch = !made.required && !made.optional;
  return fallback === undefined && !isSwitch ? made : made.default(fallback ?? false, shown);
}

/** One of these words. */
export function choice<Words extends string, const Word extends string>(
  words: Words,
  about: string,
  choices: readonly Word[],
): Flag<Given<Words, Word>>;
export function choice<const Word extends string>(
  words: string,
  about: string,
  choices: readonly Word[],
  fallback: Word,
): Flag<Word>;
export function choice(
  words: string,
  about: string,
  choices: readonly string[],
  fallback?: string,
): Option {
  return new Option(words, about).choices(choices).default(fallback);
}

/** The same, without which the command is not run. */
export function required<Value>(flag: Flag<Value | undefined>): Flag<Value> {
  const option: Option = flag.makeOptionMandatory();
  return option;
}

/** The same, under a heading of their own in the help. */
export function group<All extends Flags>(heading: string, flags: All): All {
  for (const flag of Object.values(flags)) {
    flag.helpGroup(heading);
  }
  return flags;
}

/** Headings of the options that several commands have. */
export const HEADINGS = {
  kafka: 'Kafka:',
  limits: 'Limits:',
  metrics: 'Metrics:',
  everywhere: 'For every command:',
} as const;

/** Settings that stand under another heading than the command's own options. */
const HEADING_OF: Readonly<Partial<Record<SettingKey, string>>> = {
  home: HEADINGS.everywhere,
  'database.url': HEADINGS.everywhere,
  retry_for: HEADINGS.limits,
  'ingest.max_event_bytes': HEADINGS.limits,
  'promote.chunk_rows': HEADINGS.limits,
  'promote.memory_limit': HEADINGS.limits,
  'promote.threads': HEADINGS.limits,
  'metrics.port': HEADINGS.metrics,
  'metrics.host': HEADINGS.metrics,
};

/** A flag with all that the table of settings says of it. */
export class SettingOption extends Option {
  readonly setting: Setting;

  constructor(key: SettingKey) {
    const setting = settingOf(key);
    super(setting.flag ?? '', setting.about);
    this.setting = setting;
    const heading = key.startsWith('kafka.') ? HEADINGS.kafka : HEADING_OF[key];
    if (heading !== undefined) {
      this.helpGroup(heading);
    }
  }

  /** What holds when nobody says anything. Of a switch that goes without saying. */
  get fallback(): string | undefined {
    return this.setting.kind === 'switch' ? undefined : this.setting.default;
  }
}

type Filled<Key extends SettingKey, Value> =
  WrittenSetting<Key> extends { readonly default: string } ? Value : Value | undefined;

/** The flag of a setting, with its default; `parse` where the command itself reads it. */
export function setting<Key extends SettingKey, Value = string>(
  key: Key,
  parse?: (text: string) => Value,
): Flag<Filled<Key, Value>> {
  const made = new SettingOption(key);
  if (parse !== undefined) {
    const fallback = made.setting.default;
    made.argParser(parse).default(fallback && parse(fallback), fallback);
  }
  return made;
}

/**
 * Puts what the environment and the configuration file say of a command's own flags into those that were not given.
 * @throws MedallionError config
 */
export function takeSettings(command: Command, readSettings: () => Resolved): void {
  for (const option of command.options) {
    if (!(option instanceof SettingOption) || option.setting.isOfCommand !== true) {
      continue;
    }
    const name = option.attributeName();
    const found = readSettings().values.get(option.setting.key);
    const isGiven = command.getOptionValueSource(name) === 'cli';
    if (found === undefined || found.source === 'default' || isGiven) {
      continue;
    }
    try {
      const parse = option.parseArg as ((text: string, before: unknown) => unknown) | undefined;
      const value = parse === undefined ? found.value : parse(found.value, undefined);
      command.setOptionValueWithSource(name, value, 'config');
    } catch (error) {
      throw error instanceof InvalidArgumentError
        ? new MedallionError('config', `${found.name}: "${found.value}": ${error.message}`)
        : error;
    }
  }
}

/** Of the commands that retry when they lose a server. */
export const RETRY: { readonly retryFor: Flag<RetryPolicy> } = {
  retryFor: new SettingOption('retry_for')
    .argParser(parseRetryPolicy)
    .default(
      DEFAULT_RETRY_POLICY,
      `${settingOf('retry_for').default ?? ''}, after the first connection`,
    ),
};

/** What DuckDB may use. */
export const DUCKDB = {
  memoryLimit: setting('promote.memory_limit', parseMemory),
  threads: setting('promote.threads', parseCount),
};

/** Of the commands that promote. */
export const ENGINE: typeof DUCKDB & {
  readonly engine: Flag<(typeof ENGINES)[number]>;
  readonly chunkRows: Flag<number | undefined>;
} = {
  engine: new SettingOption('promote.engine').choices(ENGINES).default(DEFAULT_ENGINE),
  // Its default depends on the engine.
  chunkRows: new SettingOption('promote.chunk_rows').argParser(parseCount),
  ...DUCKDB,
};

/** A part of a page, for the commands that have several. */
export function section<const Name extends string>(
  names: readonly Name[],
): Flag<readonly Name[] | undefined> {
  return choice('--section <name...>', 'only this part; may be given several times', names);
}

/** First and last UTC day. */
export function days(
  since: string,
  until: string,
): Record<'since' | 'until', Flag<string | undefined>> {
  return {
    since: option('--since <day>', since, parseDay),
    until: option('--until <day>', until, parseDay),
  };
}

/** @throws MedallionError usage where the days are the wrong way round */
export function checkDays({ since, until }: Partial<Values<ReturnType<typeof days>>>): void {
  if (since !== undefined && until !== undefined && since > until) {
    throw usageError(`--since ${since} is after --until ${until}`);
  }
}

/** Flags of the commands that talk to Kafka. There is none for the password: arguments can be seen by others. */
export const KAFKA: readonly Option[] = (
  [
    'kafka.client_id',
    'kafka.sasl_mechanism',
    'kafka.sasl_username',
    'kafka.tls',
    'kafka.tls_ca',
    'kafka.tls_cert',
    'kafka.tls_key',
  ] as const
).map((key) => setting(key));
