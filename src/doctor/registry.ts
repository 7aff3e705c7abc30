import { formatOf, openRegistry } from '../format/open.ts';
import { ok, type Check } from './finding.ts';

const TITLE = 'schema registry';

/** Only where the topic's values name schemas: SCHEMA_REGISTRY_URL alone may be there for other programs. */
export const registryCheck: Check = {
  title: TITLE,
  limitMs: 15_000,
  run: async (config, context) => {
    const format = formatOf(config);
    if (format === undefined || format === 'outbox') {
      return [];
    }
    const once = { forMs: 0, atStart: false };
    await openRegistry(config, format, context, once);
    return [ok(TITLE, `${config.registry?.url.href ?? ''}: answers, for ${format}`)];
  },
};
