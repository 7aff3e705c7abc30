import type { Command, Help, Option } from 'commander';
import { CONFIG_FILE, flagName } from '../config/settings.ts';
import { EXIT_MEANINGS } from '../errors.ts';
import { SettingOption } from './flags.ts';
import { pad, widthOf } from './render/text.ts';
import { hanging, wrapped } from './render/wrap.ts';

/** How the help of every command is laid out. */

/** What the help of a command says beyond its options. */
export interface Manual {
  /** Paragraphs of at most 80 columns: what a user of the command should know. */
  readonly details?: string;
  /** Calls that work as they stand, some with what they do. */
  readonly examples: readonly (string | readonly [call: string, what: string])[];
  /** What exit codes mean here that most commands do not give: 4 and 5. */
  readonly exits?: Readonly<Partial<Record<4 | 5, string>>>;
  /** Commands, or files of the documentation. */
  readonly seeAlso: readonly string[];
}

/** Text for `addHelpText('after', ..)`. */
export function manual({ details, examples, exits = {}, seeAlso }: Manual) {
  return ({ command }: { readonly command: Command }): string => {
    const width = command.configureOutput().getOutHelpWidth?.() ?? 80;
    const shown = examples.flatMap((example) => exampleLines(example, examples, width));
    if (isBrief(command)) {
      const more = `${pathOf(command)} --help has more.`;
      return ['', 'Examples:', ...shown, '', more].join('\n');
    }
    const codes = Object.entries({ ...COMMON_EXITS, ...exits });
    const others = seeAlso.map((name) => (name.includes('/') ? name : `medallion ${name}`));
    // A name is not broken.
    const also = others.map((name) => name.replaceAll(' ', '\u00a0')).join(', ');
    return [
      ...(details === undefined ? [] : ['', details.trim()]),
      ...['', 'Examples:', ...shown],
      ...settingLines(command.options),
      ...['', 'Exit codes:', ...columnLines(codes)],
      ...['', hanging(`See also: ${also}`, width).replaceAll('\u00a0', ' ')],
    ].join('\n');
  };
}

/** What every command may end with. */
const COMMON_EXITS = Object.fromEntries(
  Object.entries(EXIT_MEANINGS).filter(([code]) => code !== '4' && code !== '5'),
);

/** "medallion db grant" */
function pathOf(command: Command): string {
  const parent = command.parent === null ? '' : `${pathOf(command.parent)} `;
  return `${parent}${command.name()}`;
}

const PROMPT = '  $ ';
/** The column of what calls do is not moved for longer ones: that stands below them. */
const LONGEST_ALIGNED = 'medallion promote --layer silver'.length;

/** A call, and behind or below it what it does; a call that is too long goes on in a line of its own. */
function exampleLines(
  example: Manual['examples'][number],
  all: Manual['examples'],
  width: number,
): string[] {
  const [call, what] = typeof example === 'string' ? [example] : example;
  const callLines = brokenCall(call, width);
  if (what === undefined) {
    return callLines;
  }
  const aligned = all.flatMap((one) =>
    typeof one === 'string' || widthOf(one[0]) > LONGEST_ALIGNED ? [] : [widthOf(one[0])],
  );
  const column = PROMPT.length + Math.max(0, ...aligned) + 2;
  const [first = '', ...rest] = wrapped(what, width - column);
  const below = (text: string): string => ' '.repeat(column) + text;
  const [only = '', ...more] = callLines;
  return more.length === 0 && widthOf(only) + 2 <= column
    ? [pad(only, column, 'left') + first, ...rest.map(below)]
    : [...callLines, ...[first, ...rest].map(below)];
}

/** A command line as a shell takes it, broken before an option where it is too wide. */
function brokenCall(call: string, width: number): string[] {
  const lines: string[] = [];
  let line = PROMPT;
  for (const part of call.split(/ (?=--?[a-z]|[|>&])/)) {
    const longer = line.trim() === '$' || line.trim() === '' ? line + part : `${line} ${part}`;
    // Room for the backslash.
    if (widthOf(longer) + 2 > width && line.trim() !== '$') {
      lines.push(`${line} \\`);
      line = `      ${part}`;
    } else {
      line = longer;
    }
  }
  return [...lines, line];
}

/** Where the values of options come from when they are not given. */
function settingLines(options: readonly Option[]): string[] {
  const rows = options.flatMap((option): string[][] => {
    if (option instanceof SettingOption) {
      const { setting } = option;
      return [[flagName(setting) ?? '', setting.variables.join(', '), setting.key]];
    }
    return option.flags === CONFIG_FILE.flag
      ? [[flagName({ flag: option.flags }) ?? '', CONFIG_FILE.variable]]
      : [];
  });
  return rows.length === 0
    ? []
    : ['', 'Environment variables and keys of medallion.yaml:', ...columnLines(rows)];
}

function columnLines(rows: readonly (readonly string[])[]): string[] {
  const widths = [0, 1, 2].map((column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows.map((row) =>
    `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd(),
  );
}

const brief = new WeakSet<Command>();

/** Sets the layout of a program and of the commands that are made by it. */
export function layOutHelp(program: Command, options: { readonly isBrief: boolean }): void {
  if (options.isBrief) {
    brief.add(program);
  }
  program.configureHelp({ optionDescription });
}

function isBrief(command: Command): boolean {
  return command.parent === null ? brief.has(command) : isBrief(command.parent);
}

/** What an option is for, its choices, and what holds without it. */
function optionDescription(this: Help, option: Option): string {
  const fallback =
    option instanceof SettingOption && option.defaultValue === undefined
      ? option.fallback
      : (option.defaultValueDescription ?? defaultText(option));
  const facts = [
    ...(option.argChoices === undefined ? [] : [choicesText(option.argChoices)]),
    ...(fallback === undefined ? [] : [`default: ${fallback}`]),
  ];
  return facts.length === 0 ? option.description : `${option.description} (${facts.join('; ')})`;
}

function choicesText(choices: readonly string[]): string {
  return `${choices.length > 1 ? 'one of' : 'only'} ${choices.join(', ')}`;
}

function defaultText({ defaultValue, required, optional }: Option): string | undefined {
  return defaultValue === undefined || !(required || optional) ? undefined : String(defaultValue);
}
