/** One setting: its name in the configuration file, its flag, its environment variables, its default and what it means. */
export interface SettingRow {
  /** Its place in the configuration file: section.name, or the name alone. */
  readonly key: string;
  /** The flag as commander takes it. */
  readonly flag?: string;
  /** The variables that say it, the first one set counts. */
  readonly variables: readonly string[];
  /** What holds when nobody says anything, as it would be written. */
  readonly default?: string;
  /** The default shows the form only: the value is known once a command runs. */
  readonly isDerived?: true;
  /** What it means, in few words and without a full stop. */
  readonly about: string;
  /** A value to show where there is no default. */
  readonly example?: string;
  readonly choices?: readonly string[];
  /** `path` is one from the folder of the file it stands in; `switch` is on or off; `list` may be a list in the file. */
  readonly kind?: 'path' | 'switch' | 'list';
  /** Never shown; better kept out of the file. */
  readonly isSecret?: true;
  /** The flag belongs to some commands only, which parse it themselves. */
  readonly isOfCommand?: true;
}

/**
 * A row of the table, whose literal types are kept.
 * @param variables separated by spaces
 */
export function setting<
  const Key extends string,
  const More extends Omit<SettingRow, 'key' | 'variables' | 'about'>,
>(
  key: Key,
  variables: string,
  about: string,
  more: More,
): Readonly<{ key: Key; variables: readonly string[]; about: string }> & More {
  return { key, variables: variables.split(' '), about, ...more };
}
