import { readFileSync } from 'node:fs';
import path from 'node:path';
import { CONFIG_FILE, flagAttribute, SETTINGS, type SettingKey } from '../../config/settings.ts';
import { configTemplate, environmentTemplate } from '../../config/template.ts';
import { usageError } from '../../errors.ts';
import { makeFolder } from '../../folder.ts';
import { storageError, writeWhole } from '../../whole-file.ts';
import { command } from '../command.ts';
import type { CommandContext, GlobalFlags } from '../context.ts';

const ENVIRONMENT_FILE = '.env.example';
const ASSETS = new URL('../../../assets/project/', import.meta.url);
/** What a project starts from, each under the same name there. */
const STARTERS = [
  ...['models/gold/weekday_sales.sql', 'tests/gold/weekday_sales.yaml'],
  ...['sources/example.yaml', 'tests/sources/example.yaml', 'samples/example.ndjson'],
];

export const initCommand = command(
  'init',
  'make a project: settings explained, a mart and a source to start from, their tests',
  {
    details: `
It writes into the working folder: ${CONFIG_FILE.names[0]} with every setting at its
default, .env.example for passwords, and examples: a mart (models/gold), a
source that maps orders of another shape (sources), some such orders (samples)
and the tests of both (tests). Settings given as flags are filled in. --config
makes the project in the folder of that file. --force replaces existing
settings; the other files are never replaced.`,
    examples: [
      'medallion init',
      'medallion init --brokers localhost:9092 --database-url postgresql://medallion@localhost/medallion',
      'medallion init --force',
    ],
    seeAlso: [
      'test',
      'source init',
      'config',
      'doctor',
      'docs/projects.md',
      'docs/configuration.md',
    ],
    options: { '--force': 'replace existing settings' },
    run: async (context, flags) => {
      const file = path.resolve(context.cwd, flags.config ?? CONFIG_FILE.names[0]);
      const shown = flags.config ?? CONFIG_FILE.names[0];
      const template = configTemplate(chosenValues(flags, context), path.dirname(file));
      const mayReplace = flags.force;
      if (!(await writeWhole(file, template, { mayReplace }))) {
        throw usageError(
          `${shown} already exists; nothing was written`,
          'To see the settings: medallion config. To replace the file: medallion init --force',
        );
      }
      const example = path.join(context.cwd, ENVIRONMENT_FILE);
      const hasWritten = await writeWhole(example, environmentTemplate(), { mayReplace });
      const folder = path.dirname(file);
      const written = [shown, ...(hasWritten ? [ENVIRONMENT_FILE] : [])];
      for (const name of STARTERS) {
        if (await writeStarter(folder, name)) {
          written.push(name);
        }
      }
      context.note(
        [
          `written: ${written.join(', ')}${hasWritten ? '' : `; ${ENVIRONMENT_FILE} was there and stays`}`,
          'Without any of it medallion uses an embedded PostgreSQL and files: medallion demo',
          `Next: edit ${shown}; cp ${ENVIRONMENT_FILE} .env and put passwords there;`,
          '  medallion config shows the settings, medallion doctor whether they work',
          '  medallion test runs the tests of the mart and of the source, which reads its sample by',
          '  medallion ingest --source example --from samples/example.ndjson; medallion promote',
        ].join('\n'),
      );
    },
  },
);

/** @returns false, where there is such a file already, which stays */
async function writeStarter(folder: string, name: string): Promise<boolean> {
  const file = path.join(folder, name);
  const text = readFileSync(new URL(name, ASSETS), 'utf8');
  await makeFolder(path.dirname(file)).catch((error: unknown) => {
    throw storageError(file, error);
  });
  return writeWhole(file, text, { mayReplace: false });
}

/** What flags say, for the file. A password in a URL is left out. */
function chosenValues(flags: GlobalFlags, context: CommandContext): Map<SettingKey, string> {
  const chosen = new Map<SettingKey, string>();
  for (const setting of SETTINGS) {
    const value = setting.flag && flags[flagAttribute(setting) as keyof GlobalFlags];
    if (typeof value === 'string') {
      chosen.set(setting.key, setting.kind === 'path' ? path.resolve(context.cwd, value) : value);
    }
  }
  const url = chosen.get('database.url');
  if (url !== undefined && URL.canParse(url) && new URL(url).password !== '') {
    const safe = new URL(url);
    safe.password = '';
    chosen.set('database.url', safe.href);
    context.warn(
      'the password of --database-url was not written to the file',
      'Set it in .env or the environment: PGPASSWORD.',
    );
  }
  return chosen;
}
