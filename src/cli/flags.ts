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
import {
  parseCount,
  parseDay,
  parseDuration,
  parseMemory,
  parseMoment,
  parseRetryPolicy,
  parseShare,
} from './options.ts';

/** The options of a command: declared once, parsed by commander, and typed where they are used. */

declare const VALUE: unique symbol;

/** An option of commander whose value is of this type. */
export type Flag<Value> = Option & { readonly [VALUE]?: Value };

/** What a word in angle brackets says of the form of a value; any other is a text. */
const FORMS = {
  ...{ n: parseCount, run: parseCount, share: parseShare },
  ...{ day: parseDay, time: parseMoment, duration: parseDuration },
};

/** What an option is for; with the value that holds without it, and how the help shows that. */
type About = string | readonly [about: string, fallback: unknown, shown?: string];

/**
 * Options as the command line has them, `'--limit <n>': ['rows, at most', 50]`, whose values are called the same in
 * camelCase; or ready ones by what the command calls their values.
 */
export type Flags = Readonly<Record<string, Flag<unknown> | About>>;

/** What a command gets of its options. */
export type Values<All extends Flags> = {
  readonly [Words in keyof All as NameOf<Words>]: ValueOf<Words, All[Words]>;
};

type NameOf<Words> = Words extends `${string}--${infer Long} ${string}`
  ? Camel<Long>
  : Words extends `${string}--${infer Long}`
    ? Camel<Long>
    : Words;

type Camel<Words extends string> = Words extends `${infer First}-${infer Rest}`
  ? `${First}${Capitalize<Camel<Rest>>}`
  : Words;

type ValueOf<Words, Declared> =
  Declared extends Flag<infer Value>
    ? Value
    : Words extends `${string}<${infer Word}>`
      ? FormOf<Word> | (Declared extends string ? undefined : never)
      : boolean;

type FormOf<Word> = Word extends `${string}...`
  ? readonly string[]
  : Word extends keyof typeof FORMS
    ? ReturnType<(typeof FORMS)[Word]>
    : string;

/** The option that is declared so. */
export function optionOf(words: string, declared: Flag<unknown> | About): Option {
  if (declared instanceof Option) {
    return declared;
  }
  const [about, fallback, shown] = typeof declared === 'string' ? [declared] : declared;
  const made = new Option(words, about);
  const [, form = ''] = /<(\w+)>/.exec(words) ?? [];
  if (form in FORMS) {
    made.argParser<unknown>(FORMS[form as keyof typeof FORMS]);
  }
  return fallback === undefined && made.required ? made : made.default(fallback ?? false, shown);
}

/** An option whose value has a form of its own. */
export function option<Value>(
  words: string,
  about: string,
  parse: (text: string) => Value,
): Flag<Value | undefined> {
  const made: Option = new Option(words, about).argParser(parse);
  return made;
}

/** One of these words. */
export function choice<const Word extends string>(
  words: string,
  about: string,
  choices: readonly Word[],
): Flag<Word | undefined>;
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
export function group<const All extends Flags>(
  heading: string,
  flags: All,
): { readonly [Words in keyof All]: Flag<ValueOf<Words, All[Words]>> } {
  return Object.fromEntries(
    Object.entries(flags).map(([words, declared]) => [
      words,
      optionOf(words, declared).helpGroup(heading),
    ]),
  ) as { readonly [Words in keyof All]: Flag<ValueOf<Words, All[Words]>> };
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
  const option: Option = choice(
    '--section <name...>',
    'only this part; may be given several times',
    names,
  );
  return option;
}

/** First and last UTC day. */
export function days(
  since: string,
  until: string,
): Readonly<Record<'--since <day>' | '--until <day>', string>> {
  return { '--since <day>': since, '--until <day>': until };
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
