import { DEFAULT_REPORTING, type Reporting } from '../config/reporting.ts';
import { modelFiles, type Models } from '../model/load.ts';
import type { Model } from '../model/model.ts';
import { compareTables } from '../schema/changes.ts';
import { describeStray, readStrayModels } from '../schema/project-models.ts';
import type { TableChange } from '../schema/table-change.ts';
import { withClient } from '../postgres/client.ts';
import type { ConnectionSettings } from '../config/server.ts';
import { hasTables } from '../postgres/ask.ts';
import { compareReporting, describeReporting } from './reporting.ts';
import { isWithoutKeys } from './fill.ts';
import type { Sources } from '../source/mapping.ts';
import { describeMappingChange, readMappings } from './topic-sources.ts';

/** One change that a promotion would make, or that needs a command first. */
export interface PlannedChange {
  /** The model of a table, or the file of a source. */
  readonly model: string;
  readonly what: string;
  /** What the next promotion does about it, or the command that settles it. */
  readonly then: string;
  readonly step: TableChange['step'];
}

/** How the tables differ from their models and what becomes of it; changes nothing. */
export async function planTables(
  settings: ConnectionSettings,
  models: Models,
  reporting: Reporting = DEFAULT_REPORTING,
): Promise<PlannedChange[]> {
  return withClient(settings, async (client) => {
    // The keys of a fill that was killed are built by the next promotion.
    const areFilled = await isWithoutKeys(client);
    const changes = await compareTables(client, [...models.silver, ...models.gold], areFilled);
    return [
      ...(await compareReporting(client, reporting)).map(describeReporting),
      ...changes.map((change) => ({
        ...{ model: change.model.id, step: change.step },
        ...describeChange(change),
      })),
    ];
  });
}

/** Which models of projects do not stand as they left them; changes nothing. */
export async function planProjects(
  settings: ConnectionSettings,
  project: string | undefined,
): Promise<PlannedChange[]> {
  return withClient(settings, async (client) => {
    const strays = await readStrayModels(client, project, () => modelFiles(project));
    return strays.map((stray) => ({
      ...{ model: stray.model, step: stray.kind === 'behind' ? 'apply' : 'leave' },
      ...describeStray(stray),
    }));
  });
}

/** Which topics would be mapped in another way than before; changes nothing. */
export async function planMappings(
  settings: ConnectionSettings,
  sources: Sources,
): Promise<PlannedChange[]> {
  return withClient(settings, async (client) => {
    const isMigrated = await hasTables(client, 'medallion.topic_sources', 'medallion.watermarks');
    const { changes } = isMigrated ? await readMappings(client, sources) : { changes: [] };
    return changes.map((change) => ({
      ...{ model: change.source.file, step: 'apply' as const },
      ...describeMappingChange(change),
    }));
  });
}

export function describeChange(change: TableChange): { what: string; then: string } {
  const { kind, detail } = change;
  return {
    what: kind === 'new table' ? `new ${detail}` : `${kind}: ${detail}`,
    then:
      change.blockedBy.length > 0
        ? `blocked by ${change.blockedBy.join(', ')}, which reads it: drop or change that first; then ${outcome(change)}`
        : outcome(change),
  };
}

function outcome({ model, kind, step, detail }: TableChange): string {
  const isGold = model.layer === 'gold';
  if (step === 'leave') {
    return `left unchanged; to remove it: drop index ${detail.split(' ')[0] ?? ''}`;
  }
  if (step === 'refresh') {
    return isGold
      ? `${refreshCommand([model])} computes the mart again, all days, and changes it with the new rows`
      : `${refreshCommand([model])} empties silver and fills it again from bronze`;
  }
  switch (kind) {
    case 'new table':
      return made(model);
    case 'new column':
      return isGold
        ? 'added by the next promotion, which computes all days'
        : 'added by the next promotion; null in the rows that are there, filled in those written from then on (medallion promote --full-refresh fills all)';
    case 'new index':
      return 'made by the next promotion';
    case 'view':
      return 'replaced by the next promotion';
    default:
      return 'changed by the next promotion';
  }
}

function made(model: Model): string {
  switch (model.load) {
    case 'view':
      return 'made by the next promotion';
    case 'seed':
      return 'made and filled by the next promotion';
    default:
      return model.layer === 'gold'
        ? 'made by the next promotion, and filled for all days'
        : 'made by the next promotion, and filled with what is promoted from then on (medallion promote --full-refresh fills it from the beginning)';
  }
}

/** The command that makes tables again which differ from their models. */
export function refreshCommand(models: readonly Model[]): string {
  const marts = [...new Set(models.map(({ id }) => id))];
  return models.some(({ layer }) => layer === 'silver')
    ? 'medallion promote --full-refresh'
    : `medallion promote --full-refresh --select ${marts.join(' ')}`;
}
