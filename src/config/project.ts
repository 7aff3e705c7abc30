import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { MedallionError, messageOf } from '../errors.ts';
import { textOf, type Environment } from './resolve.ts';
import { CONFIG_FILE } from './settings.ts';

/**
 * The folder that a configuration file marks. What lies in it belongs together: the settings, .env, models/, sources/ and
 * tests/.
 */
export interface Project {
  readonly folder: string;
  readonly file: string;
  /** Whether it was found above the working folder. */
  readonly isAbove: boolean;
}

/**
 * The project that commands of a folder belong to: the one whose file a flag or MEDALLION_CONFIG names, else the nearest
 * from the working folder upwards, as git finds its own.
 * @param said what the flag says
 * @throws MedallionError config, where the one above belongs to another user
 */
export function findProject(
  cwd: string,
  said: string | undefined,
  env: Environment,
): Project | undefined {
  const named = said ?? textOf(env[CONFIG_FILE.variable]);
  if (named !== undefined) {
    const file = path.resolve(cwd, named);
    return { folder: path.dirname(file), file, isAbove: false };
  }
  for (let folder = path.resolve(cwd); ; folder = path.dirname(folder)) {
    const file = CONFIG_FILE.names
      .map((name) => path.join(folder, name))
      .find((candidate) => existsSync(candidate));
    if (file !== undefined) {
      const isAbove = folder !== path.resolve(cwd);
      try {
        requireRegular(file);
      } catch (error) {
        throw new MedallionError('config', `cannot read ${file}: ${messageOf(error)}`, {
          hint: 'It marks a project and holds its settings. Make it a readable file, or use another one with --config FILE.',
          cause: error,
        });
      }
      if (isAbove) {
        refuseStrangers(file);
      }
      return { folder, file, isAbove };
    }
    if (folder === path.dirname(folder)) {
      return undefined;
    }
  }
}

/**
 * What is found, and not named, is read only where it is a plain file: of a named pipe the end would be waited for, for ever.
 * @throws Error
 */
export function requireRegular(file: string): void {
  if (!statSync(file, { bigint: true }).isFile()) {
    throw new Error('it is not a regular file');
  }
}

/** Settings name the server that passwords go to, and models are SQL: those of somebody else are not run unasked. */
function refuseStrangers(file: string): void {
  const user = process.getuid?.();
  const { uid } = statSync(file);
  if (user !== undefined && uid !== user && uid !== 0) {
    throw new MedallionError('config', `${file} belongs to another user (${String(uid)})`, {
      hint: `If you trust that file, name it: --config ${file}. Or run the command in the folder of your own project.`,
    });
  }
}
