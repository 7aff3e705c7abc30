import path from 'node:path';
import { parseLog, type LogConfig } from './config/kafka.ts';
import { parseRegistry, type RegistryConfig } from './config/registry.ts';
import {
  pathFrom,
  resolveSettings,
  textOf,
  type Environment,
  type Resolved,
} from './config/resolve.ts';
import { parseReporting, type Reporting } from './config/reporting.ts';
import { parseS3, type S3Config } from './config/s3.ts';
import { SettingReader } from './config/setting-reader.ts';
import type { FlagAttribute } from './config/settings.ts';
import type { SparkConfig } from './config/spark.ts';
import { parseWarehouse, type WarehouseConfig } from './config/warehouse.ts';
import { MedallionError } from './errors.ts';

export type { Environment };

/**
 * Where things are, resolved once: flag > environment > .env > file > default. This module reads only what it is given.
 */
export interface Config {
  /** The folder of the configuration file, with models and tests of the user's own; undefined where there is no file. */
  readonly project: string | undefined;
  /** Everything medallion keeps on this machine lies below this folder. */
  readonly home: string;
  readonly warehouse: WarehouseConfig;
  readonly log: LogConfig;
  /** Undefined where none is named. */
  readonly registry: RegistryConfig | undefined;
  readonly reporting: Reporting;
  readonly duckdb: DuckDbConfig;
  readonly spark: SparkConfig;
}

export interface DuckDbConfig {
  /** Files of extensions to load instead of those that are found or fetched. */
  readonly extensionFiles: Readonly<Record<'postgres' | 'excel' | 'httpfs', string | undefined>>;
  /** How s3:// is reached. */
  readonly s3: S3Config;
  /** Where a fetched extension may be kept: the user's cache, and the tool's home where that cannot be written. */
  readonly cacheFolders: readonly string[];
}

/** What the global command-line flags may say; each wins over the environment. */
export type ConfigFlags = Readonly<Partial<Record<FlagAttribute, string | boolean | undefined>>>;

/**
 * The configuration that flags and environment describe.
 * @param cwd the folder that relative paths start from
 * @throws MedallionError config, with every problem in one message
 */
export function parseConfig(flags: ConfigFlags, env: Environment, cwd: string): Config {
  return configOf(
    resolveSettings({ flags, env, fromDotEnv: new Set(), file: undefined }),
    env,
    cwd,
  );
}

/**
 * The configuration that resolved settings describe.
 * @throws MedallionError config, with every problem in one message
 */
export function configOf(resolved: Resolved, env: Environment, cwd: string): Config {
  const settings = new SettingReader(resolved, cwd);
  const home = path.resolve(cwd, settings.text('home') ?? '');
  // PostgreSQL writes its data directory into files of lines, and service managers take paths by the line.
  if (/\p{Cc}/u.test(home)) {
    settings.refuse(
      'home',
      `${JSON.stringify(home)} has a line feed or another control character in it`,
    );
  }
  const staging = settings.text('spark.staging');
  const config: Config = {
    ...{ project: resolved.project, home },
    warehouse: parseWarehouse(resolved.server, settings, userHome(env)),
    log: parseLog(settings),
    registry: parseRegistry(settings),
    reporting: parseReporting(settings),
    duckdb: {
      extensionFiles: {
        postgres: settings.file('duckdb.extension'),
        excel: settings.file('duckdb.excel_extension'),
        httpfs: settings.file('duckdb.httpfs_extension'),
      },
      s3: parseS3(settings),
      cacheFolders: [...userCache(env), path.join(home, 'cache')],
    },
    spark: {
      remote: settings.text('spark.remote'),
      token: settings.text('spark.token'),
      caFile: settings.file('spark.tls_ca'),
      staging: staging === undefined ? undefined : pathFrom(cwd, staging),
      stagingRemote: settings.text('spark.staging_remote'),
    },
  };
  if (settings.problems.length > 0) {
    throw new MedallionError('config', settings.problems.join('\n'));
  }
  return config;
}

/** The user's cache folder by the XDG rules, if the environment says where it is. */
function userCache(env: Environment): string[] {
  const xdg = textOf(env['XDG_CACHE_HOME']);
  const folder = userHome(env);
  // The XDG rules: a relative path there is to be ignored.
  if (xdg !== undefined && path.isAbsolute(xdg)) {
    return [path.join(xdg, 'medallion')];
  }
  return folder === undefined ? [] : [path.join(folder, '.cache', 'medallion')];
}

function userHome(env: Environment): string | undefined {
  return textOf(env['HOME']) ?? textOf(env['USERPROFILE']);
}
