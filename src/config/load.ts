import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseEnv } from 'node:util';
import { MedallionError, messageOf } from '../errors.ts';
import { findProject, requireRegular } from './project.ts';
import { pathFrom, type Environment, type Given } from './resolve.ts';
import { CONFIG_FILE, SETTINGS } from './settings.ts';

const DOT_ENV = '.env';

const PATHS = new Set<string>([
  CONFIG_FILE.variable,
  ...SETTINGS.filter(({ kind }) => kind === 'path').flatMap(({ variables }) => variables),
]);

/**
 * The environment with the .env file of the working folder beneath it, and below that the one of the project above: what
 * is set already wins.
 * @param said the configuration file that a flag names
 * @throws MedallionError config
 */
export function readEnvironment(
  cwd: string,
  env: Environment,
  said?: string,
): Pick<Given, 'env' | 'fromDotEnv'> {
  const own = { ...readDotEnv(cwd), ...env };
  const project = findProject(cwd, said, own);
  const all = project?.isAbove === true ? { ...readDotEnv(project.folder, true), ...own } : own;
  const fromDotEnv = Object.keys(all).filter((name) => env[name] === undefined);
  return { env: all, fromDotEnv: new Set(fromDotEnv) };
}

/** @param isElsewhere whether it is not the working folder, which paths start from elsewhere */
function readDotEnv(folder: string, isElsewhere = false): Environment {
  const file = path.join(folder, DOT_ENV);
  if (!existsSync(file)) {
    return {};
  }
  let text: string;
  try {
    requireRegular(file);
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new MedallionError('config', `cannot read ${file}: ${messageOf(error)}`, {
      hint: 'It sets environment variables for commands run in this folder. Make it a readable file, or remove it.',
      cause: error,
    });
  }
  const values = parseEnv(text);
  return isElsewhere
    ? Object.fromEntries(
        Object.entries(values).map(([name, value = '']) => [
          name,
          PATHS.has(name) && value.trim() !== '' ? pathFrom(folder, value) : value,
        ]),
      )
    : values;
}
