import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseEnv } from 'node:util';
import { MedallionError, messageOf } from '../errors.ts';
import { textOf, type Environment, type Given } from './resolve.ts';
import { CONFIG_FILE } from './settings.ts';

/**
 * The environment with the .env file of the working folder beneath it: what is set already wins.
 * @throws MedallionError config
 */
export function readEnvironment(cwd: string, env: Environment): Pick<Given, 'env' | 'fromDotEnv'> {
  const file = path.join(cwd, '.env');
  const dotEnv = existsSync(file) ? parseEnv(readDotEnv(file)) : {};
  const fromDotEnv = Object.keys(dotEnv).filter((name) => env[name] === undefined);
  return { env: { ...dotEnv, ...env }, fromDotEnv: new Set(fromDotEnv) };
}

function readDotEnv(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new MedallionError('config', `cannot read ${file}: ${messageOf(error)}`, {
      hint: 'It holds environment variables for commands of this folder: make it readable, or remove it.',
      cause: error,
    });
  }
}

/** Where the configuration file lies: where it is said to, or in the working folder, if it is there. */
export function findSettingsFile(
  cwd: string,
  said: string | undefined,
  env: Environment,
): string | undefined {
  const named = said ?? textOf(env[CONFIG_FILE.variable]);
  return named === undefined
    ? CONFIG_FILE.names.map((name) => path.join(cwd, name)).find((file) => existsSync(file))
    : path.resolve(cwd, named);
}
