import type { Config } from '../config.ts';
import { formatOf, openRegistry } from '../format/open.ts';
import type { StageContext } from '../progress.ts';
import { duckDbCheck, excelCheck, excelFetch, extensionCheck, sparkCheck } from './engine.ts';
import { examine, ok, type Check, type Finding } from './finding.ts';
import { kafkaCheck } from './kafka.ts';
import { diskCheck, homeCheck, nodeCheck } from './machine.ts';
import { warehouseCheck } from './warehouse.ts';

export interface DoctorOptions {
  /** Fetch what is otherwise fetched by the first command that needs it. */
  readonly fetch: boolean;
}

const REGISTRY = 'schema registry';

/** Only where the topic's values name schemas: SCHEMA_REGISTRY_URL alone may be there for other programs. */
const registryCheck: Check = {
  title: REGISTRY,
  limitMs: 15_000,
  run: async (config, context) => {
    const format = formatOf(config);
    if (format === undefined || format === 'outbox') {
      return [];
    }
    const once = { forMs: 0, atStart: false };
    await openRegistry(config, format, context, once);
    return [ok(REGISTRY, `${config.registry?.url.href ?? ''}: answers, for ${format}`)];
  },
};

/** In the order in which one would ask. */
function checks({ fetch }: DoctorOptions): readonly Check[] {
  return [
    ...[nodeCheck, homeCheck, diskCheck, duckDbCheck, extensionCheck],
    fetch ? excelFetch : excelCheck,
    ...[warehouseCheck, kafkaCheck, registryCheck, sparkCheck],
  ];
}

/**
 * Looks at everything that medallion depends on, at once and each for a bounded time, and changes nothing but the
 * cache that DuckDB's extensions are fetched into.
 */
export async function doctor(
  config: Config,
  options: DoctorOptions,
  context: StageContext,
): Promise<Finding[]> {
  const step = 'looking at the set-up';
  context.emit({ type: 'step.started', step });
  const looks = checks(options).map((check) => examine(check, config, context));
  const findings = (await Promise.all(looks)).flat();
  const counts = (['ok', 'warn', 'fail'] as const).map(
    (status) => `${findings.filter((finding) => finding.status === status).length} ${status}`,
  );
  context.emit({ type: 'step.finished', step, detail: counts.join(', ') });
  return findings;
}
