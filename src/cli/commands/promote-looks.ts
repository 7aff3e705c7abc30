import { loadModels } from '../../model/load.ts';
import { withWarehouse } from '../../postgres/warehouse.ts';
import { explain, type Explanation } from '../../promote/explain.ts';
import { planTables } from '../../promote/plan.ts';
import type { CommandContext } from '../context.ts';

/** Prints what a promotion does with each model, in order: text for people, or rows in the format asked for. */
export async function printExplanation(
  context: CommandContext,
  layers: { readonly silver: boolean; readonly gold: boolean },
): Promise<void> {
  const models = explain(loadModels(), layers);
  if (context.format === undefined) {
    await context.write(`${models.map(explanationText).join('\n\n')}\n`);
    return;
  }
  await context.writeRows({
    columns: [
      { name: 'place', kind: 'number' },
      ...(['model', 'file', 'load'] as const).map((name) => ({ name, kind: 'text' as const })),
      ...(['key', 'inputs'] as const).map((name) => ({ name, kind: 'json' as const })),
      { name: 'sql', kind: 'text' },
      { name: 'publication', kind: 'json' },
    ],
    rows: models.map(({ place, model, file, load, key, inputs, sql, publication }) => [
      ...[String(place), model, file, load, JSON.stringify(key), JSON.stringify(inputs)],
      ...[sql, JSON.stringify(publication)],
    ]),
  });
}

/** A model as SQL, with what is not SQL in comments. */
function explanationText(explanation: Explanation): string {
  const { place, model, file, load, key, inputs, sql, publication } = explanation;
  return [
    `-- ${String(place)}. ${model} (${file})`,
    `-- load ${load}, key (${key.join(', ')})`,
    `-- reads ${inputs.length === 0 ? 'nothing' : inputs.join(', ')}`,
    `${sql};`,
    '-- published by',
    ...publication.map((statement) => `${statement};`),
  ].join('\n');
}

/** Prints how the tables differ from their models, and what becomes of it. */
export async function printPlan(context: CommandContext): Promise<void> {
  const changes = await withWarehouse(
    context.config,
    context,
    (settings) => planTables(settings, loadModels()),
    { migrate: false, writes: true },
  );
  await context.writeRows({
    columns: ['model', 'what', 'step', 'then'].map((name) => ({ name, kind: 'text' })),
    rows: changes.map(({ model, what, step, then }) => [model, what, step, then]),
  });
  if (changes.length === 0) {
    context.emit({ type: 'note', message: 'every table is as its model says' });
  }
}
