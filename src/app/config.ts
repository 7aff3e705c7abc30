import { configOf, type Config, type ConfigFlags, type Environment } from '../config.ts';
import { readSettingsFile } from '../config/file.ts';
import { readEnvironment } from '../config/load.ts';
import { findProject } from '../config/project.ts';
import { resolveSettings } from '../config/resolve.ts';
import { doctor as examine, type DoctorOptions } from '../doctor/doctor.ts';
import type { Finding } from '../doctor/finding.ts';
import { contextOf, type CallOptions } from './call.ts';

export interface LoadOptions {
  /** Settings that win over all others: home, databaseUrl, brokers, topic and so on. */
  readonly flags?: ConfigFlags;
  /** Usually process.env; nothing unless given. */
  readonly env?: Environment;
  /** The folder of .env, and the one that relative paths start from; medallion.yaml lies in it, or above. */
  readonly cwd: string;
  /** A configuration file in another place. */
  readonly file?: string;
}

/**
 * The configuration as the command line reads it: flags, environment, .env, medallion.yaml, defaults.
 * @throws MedallionError config, with everything that is wrong
 */
export function loadConfig({ flags = {}, env = {}, cwd, file }: LoadOptions): Config {
  const environment = readEnvironment(cwd, env, file);
  const project = findProject(cwd, file, environment.env);
  const settings = resolveSettings({
    ...environment,
    flags: { ...flags },
    file: project && readSettingsFile(project.file, cwd, project.isAbove),
  });
  return configOf(settings, environment.env, cwd);
}

/** Looks at everything that the configuration names and medallion depends on; what fails is a finding. */
export async function doctor(
  config: Config,
  request: CallOptions & DoctorOptions,
): Promise<Finding[]> {
  return examine(config, request, contextOf(request));
}
