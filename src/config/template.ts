import path from 'node:path';
import { CONFIG_FILE, flagName, SETTINGS, type Setting, type SettingKey } from './settings.ts';

/** Values to write instead of leaving the setting at its default. */
export type ChosenValues = ReadonlyMap<SettingKey, string>;

const LONGEST_COMMENT = 100;

/** A configuration file with every setting and what it means; those not chosen stand behind a #. */
export function configTemplate(chosen: ChosenValues, folder: string): string {
  const lines = [
    '# Settings of medallion. A flag wins over the environment, the environment over .env, .env over this file.',
    '# A line that begins with # is not set: to set it, remove the #, and only that. Paths start from the folder of this file.',
    '# Put passwords into .env or the environment; a file with a password must be private (chmod 600).',
    '# "medallion config" shows every value and where it comes from.',
  ];
  let section: string | undefined;
  for (const setting of SETTINGS) {
    const [first = '', second] = setting.key.split('.');
    lines.push('');
    if (second !== undefined && first !== section) {
      lines.push(`${first}:`);
      section = first;
    }
    const indent = second === undefined ? '' : '  ';
    const value = chosen.get(setting.key);
    const fallback = valueToWrite(setting);
    const shown =
      value !== undefined && setting.kind === 'path' ? below(folder, value) : (value ?? fallback);
    lines.push(
      ...comment(setting).map((line) => `${indent}# ${line}`),
      `${indent}${value === undefined ? '#' : ''}${second ?? first}:${
        shown === undefined ? '' : ` ${yamlText(shown)}`
      }`,
    );
  }
  return `${lines.join('\n')}\n`;
}

/** What a .env may hold: the passwords, then every other setting, behind a #. */
export function environmentTemplate(): string {
  const line = (setting: Setting): string =>
    `${setting.isSecret === true ? '' : '#'}${setting.variables[0] ?? ''}=${valueToWrite(setting) ?? ''}`;
  const secrets = SETTINGS.filter(({ isSecret }) => isSecret === true);
  const others = SETTINGS.filter(({ isSecret }) => isSecret !== true);
  const lines = [
    '# Copy to .env, which medallion reads from the working folder. Keep that out of version control.',
    '',
    '# Put passwords here, in single quotes where they have a # in them; an empty one is not set',
    ...secrets.map(line),
    '',
    `# Other settings can be here, too; they win over ${CONFIG_FILE.names[0]}`,
    ...others.map(line),
    `#${CONFIG_FILE.variable}=${CONFIG_FILE.names[0]}`,
  ];
  return `${lines.join('\n')}\n`;
}

/** A value that may be written as it stands: the form of a derived one may not. */
function valueToWrite(setting: Setting): string | undefined {
  return setting.isDerived === true ? setting.example : (setting.default ?? setting.example);
}

/** "topic of the events (--topic, KAFKA_TOPIC)", in two lines where it is long. */
function comment(setting: Setting): string[] {
  const names = [flagName(setting), ...setting.variables].filter((name) => name !== undefined);
  const choices = setting.choices === undefined ? '' : `: ${setting.choices.join(', ')}`;
  const lines = [`${setting.about}${choices}`, `(${names.join(', ')})`];
  return lines.join(' ').length > LONGEST_COMMENT ? lines : [lines.join(' ')];
}

/** A path from the folder on, where it lies below it. */
function below(folder: string, file: string): string {
  const relative = path.relative(folder, file);
  return relative.startsWith('..') ? file : `./${relative}`;
}

/** A value as YAML: bare where that is no risk. */
function yamlText(value: string): string {
  return /^[\w./][\w./:@,+-]*$/.test(value) ? value : JSON.stringify(value);
}
