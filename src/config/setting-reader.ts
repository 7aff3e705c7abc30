import path from 'node:path';
import type { Resolved } from './resolve.ts';
import type { SettingKey } from './settings.ts';

/** Reads settings, and collects what is wrong with them under the names by which they were given. */
export class SettingReader {
  readonly problems: string[];
  readonly #values: Resolved['values'];
  readonly #cwd: string;

  /** @param cwd the folder that relative paths start from */
  constructor({ values, problems }: Resolved, cwd: string) {
    this.#values = values;
    this.#cwd = cwd;
    this.problems = [...problems];
  }

  text(key: SettingKey): string | undefined {
    return this.#values.get(key)?.value;
  }

  /** A file, by its whole path. */
  file(key: SettingKey): string | undefined {
    const file = this.text(key);
    return file === undefined ? undefined : path.resolve(this.#cwd, file);
  }

  /** What somebody said; undefined where the value is derived. */
  given(key: SettingKey): string | undefined {
    const found = this.#values.get(key);
    return found?.source === 'derived' ? undefined : found?.value;
  }

  /** Says of a setting what is wrong with it. */
  refuse(key: SettingKey, problem: string): void {
    this.problems.push(`${this.#values.get(key)?.name ?? key}: ${problem}`);
  }

  isOn(key: SettingKey): boolean {
    const value = this.text(key)?.trim() ?? '';
    if (value !== '' && !/^(1|0|true|false|yes|no|on|off)$/i.test(value)) {
      this.refuse(key, `"${value}" is not true or false`);
    }
    return /^(1|true|yes|on)$/i.test(value);
  }

  choice<T extends string>(key: SettingKey, choices: readonly T[], fallback: T): T {
    const value = this.text(key);
    const found = choices.find((known) => known === (value ?? fallback).toLowerCase());
    if (found === undefined) {
      this.refuse(key, `"${value ?? ''}" is not one of ${choices.join(', ')}`);
    }
    return found ?? fallback;
  }

  port(key: SettingKey): number {
    const value = this.text(key) ?? '';
    if (!isPort(value)) {
      this.refuse(key, `"${value}" is not a port number`);
    }
    return Number(value);
  }
}

export function isPort(text: string): boolean {
  return /^\d+$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535;
}
