import { configOf } from '../../config.ts';
import { SETTINGS } from '../../config/settings.ts';
import { command } from '../command.ts';
import { resultOf, texts } from '../render/result.ts';
import { withoutSecrets } from '../secrets.ts';

export const configCommand = command(
  'config',
  'show every setting, its value, and where the value comes from',
  {
    details: `
A flag wins over the environment, the environment over .env in the working
folder, .env over the configuration file, the file over the default. Passwords
are shown as ***. What each setting means: docs/configuration.md, or the file
that "medallion init" writes. It exits 2 when a value is invalid.`,
    examples: [
      'medallion config',
      'medallion config --brokers localhost:9092',
      'medallion config --config other.yaml --output json',
    ],
    seeAlso: ['init', 'doctor', 'docs/configuration.md'],
    usesKafka: true,
    run: async (context) => {
      const { values, file, server } = context.settings;
      const rows = SETTINGS.map(({ key, isSecret }) => {
        const found = values.get(key);
        const shown = isSecret === true ? '***' : withoutSecrets(found?.value ?? '');
        const value = found === undefined ? null : shown;
        return { setting: key, value, source: found?.source ?? 'not set' };
      });
      await context.writeRows(resultOf(texts('setting', 'value', 'source'), rows));
      context.note(
        [
          file === undefined ? 'no configuration file' : `configuration file: ${file}`,
          `warehouse: ${server === undefined ? 'embedded' : `the server that ${server} names`}`,
          `log: ${values.has('kafka.brokers') ? 'Kafka' : 'landing files'}`,
        ].join('\n'),
      );
      // Says what cannot be right, if anything is.
      configOf(context.settings, context.env, context.cwd);
    },
  },
);
