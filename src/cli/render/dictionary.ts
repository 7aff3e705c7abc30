import { isFilled, type Model } from '../../model/model.ts';
import { inputTables, renderLineage } from './lineage.ts';
import { markdownText, renderTable } from './output.ts';

/** What a data dictionary says of a model beside its columns: names and values, in order. */
export function modelFacts(
  model: Model,
  models: readonly Model[],
): [name: string, value: string][] {
  const readers = models.filter(({ inputs }) => inputs.includes(model.id)).map(({ id }) => id);
  return [
    ['Grain', model.grain],
    ['Key', model.key.join(', ')],
    ['Load', isFilled(model) ? model.load : `${model.load} (no promotion fills it)`],
    ['Made of', inputTables(model.inputs).join(', ') || 'nothing'],
    ['Read by', readers.join(', ') || 'no other model'],
    ['File', model.file],
  ];
}

/** The checks of a model with what they demand and what becomes of a breach. */
export function checkRows({ checks }: Model): [name: string, that: string, severity: string][] {
  return checks.map(({ name, that, severity, warn_above: warn, error_above: error }) => [
    name,
    that,
    [
      severity,
      ...(warn === undefined ? [] : [`warns above ${warn}`]),
      ...(error === undefined ? [] : [`fails above ${error}`]),
    ].join(', '),
  ]);
}

/** The data dictionary as Markdown, with the lineage as a Mermaid graph, which GitHub and GitLab draw. */
export function dictionaryAsMarkdown(models: readonly Model[]): string {
  const parts = [
    '# Data dictionary',
    'Every table of silver and gold. Times are UTC; every table but a view has the key that stands here.',
    `\`\`\`mermaid\n${renderLineage(models, 'mermaid').trimEnd()}\n\`\`\``,
  ];
  for (const layer of ['silver', 'gold'] as const) {
    parts.push(`## ${layer}`);
    for (const model of models.filter((one) => one.layer === layer)) {
      parts.push(
        `### ${markdownText(model.id)}`,
        markdownText(model.description),
        modelFacts(model, models)
          .map(([name, value]) => `- ${name}: ${markdownText(value)}`)
          .join('\n'),
        tableText(['column', 'type', 'may be null', 'meaning'], columnRows(model)),
      );
      if (model.checks.length > 0) {
        parts.push(tableText(['check', 'condition', 'severity'], checkRows(model)));
      }
    }
  }
  return `${parts.join('\n\n')}\n`;
}

/** Name, type, whether it may be null, and meaning of each column. */
export function columnRows({ columns }: Model): string[][] {
  return columns.map(({ name, type, nullable, description }) => [
    name,
    type,
    nullable ? 'yes' : '',
    description,
  ]);
}

function tableText(names: readonly string[], rows: readonly (readonly string[])[]): string {
  const columns = names.map((name) => ({ name, kind: 'text' as const }));
  return renderTable({ columns, rows }, 'markdown').trimEnd();
}
