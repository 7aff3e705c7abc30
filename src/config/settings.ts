import { KAFKA_SETTINGS } from './kafka-settings.ts';
import type { SettingRow } from './setting-row.ts';
import { STAGE_SETTINGS } from './stage-settings.ts';
import { WAREHOUSE_SETTINGS } from './warehouse-settings.ts';

/**
 * Every setting of medallion, once, in the order of the configuration file. The help, `medallion config`, what
 * `medallion init` writes and docs/configuration.md come from here.
 */
const TABLE = [...WAREHOUSE_SETTINGS, ...KAFKA_SETTINGS, ...STAGE_SETTINGS] as const;

export type SettingKey = (typeof TABLE)[number]['key'];

/** The row of a setting with its literal types, as it is written. */
export type WrittenSetting<Key extends SettingKey> = Extract<
  (typeof TABLE)[number],
  { readonly key: Key }
>;

export type Setting = SettingRow & { readonly key: SettingKey };

type Camel<Words extends string> = Words extends `${infer First}-${infer Rest}`
  ? `${First}${Capitalize<Camel<Rest>>}`
  : Words;
type NameOf<Flag extends string> = Flag extends `--${infer Name} ${string}`
  ? Name
  : Flag extends `--${infer Name}`
    ? Name
    : never;

/** What commander calls the values of the flags that every setting but those of single commands has. */
export type FlagAttribute = Camel<
  NameOf<Exclude<Extract<(typeof TABLE)[number], { flag: string }>, { isOfCommand: true }>['flag']>
>;

export const SETTINGS: readonly Setting[] = TABLE;

/** The configuration file itself: it cannot stand in itself. */
export const CONFIG_FILE = {
  flag: '--config <file>',
  variable: 'MEDALLION_CONFIG',
  /** What is looked for in the working folder, and those above. */
  names: ['medallion.yaml', 'medallion.yml'],
  about: 'configuration file',
} as const;

export function settingOf(key: SettingKey): Setting {
  const found = SETTINGS.find((setting) => setting.key === key);
  if (found === undefined) {
    throw new Error(`no setting ${key}`);
  }
  return found;
}

/** The flag alone, without what it takes: --brokers. */
export function flagName({ flag }: Pick<Setting, 'flag'>): string | undefined {
  return flag?.split(' ')[0];
}

/** What commander calls the value of a flag: databaseUrl for --database-url. */
export function flagAttribute(setting: Pick<Setting, 'flag'>): string {
  const name = flagName(setting) ?? '';
  return name.replace(/^--/, '').replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
