import { checkModels } from '../../app/test.ts';
import type { Incomprehension } from '../../engine/spark/check.ts';
import { MedallionError, usageError } from '../../errors.ts';
import { allModels } from '../../model/load.ts';
import type { Model } from '../../model/model.ts';
import { command } from '../command.ts';
import { choice } from '../flags.ts';
import { factLines } from '../render/document.ts';
import { page } from '../render/fit.ts';
import { inputTables, LINEAGE_FORMATS, renderLineage } from '../render/lineage.ts';
import { booleans, resultOf, texts } from '../render/result.ts';
import { hanging } from '../render/wrap.ts';

const list = command('list', 'every model, in the order they are filled', {
  examples: ['medallion models list', 'medallion models list --output csv'],
  seeAlso: ['models show', 'docs'],
  run: async (context) => {
    const models = allModels(context.project);
    const rows = models.map(({ id, load, description }) => ({ model: id, load, description }));
    await context.writeRows(resultOf(texts('model', 'load', 'description'), rows), LIST);
  },
});

/** What each model is stands below its name: next to it there is little room. */
const LIST = page({ model: { atLeast: 20 }, load: {} }, { note: ({ description }) => description });

const show = command('show', 'one model: its columns and their meaning, or its SQL', {
  examples: [
    'medallion models show sales_performance',
    'medallion models show gold.sales_performance --sql',
  ],
  seeAlso: ['models list', 'models graph', 'sql'],
  arguments: [['<model>', 'schema.name, or the name alone']],
  options: { '--sql': 'print the select instead' },
  run: async (context, { sql }, [name = '']) => {
    const models = allModels(context.project);
    const model = findModel(models, name);
    if (sql) {
      await context.write(`${model.sql.trim()}\n`);
      return;
    }
    if (context.format === undefined) {
      await context.write(`${headLines(model, models, context.width).join('\n')}\n\n`);
    }
    const kinds = {
      ...{ ...texts('column', 'type'), ...booleans('key', 'nullable'), ...texts('description') },
    };
    const { columns, key } = model;
    const rows = columns.map((column) => ({
      ...{ ...column, column: column.name, key: key.includes(column.name) },
    }));
    await context.writeRows(resultOf(kinds, rows));
  },
});

const graph = command('graph', 'which model reads which', {
  examples: ['medallion models graph', 'medallion models graph sales_performance --format mermaid'],
  seeAlso: ['models list', 'docs'],
  arguments: [['[model]', 'only this model and everything it is made from']],
  options: { format: choice('--format <format>', 'format of the graph', LINEAGE_FORMATS, 'text') },
  run: async (context, { format }, [name]) => {
    const models = allModels(context.project);
    const wanted = name === undefined ? models : ancestry(models, findModel(models, name));
    await context.writeText(renderLineage(wanted, format), () =>
      resultOf(
        texts('model', 'reads'),
        wanted.flatMap(({ id, inputs }) =>
          inputTables(inputs).map((reads) => ({ model: id, reads })),
        ),
      ),
    );
  },
});

const check = command(
  'check',
  'check on a Spark cluster that it understands the select of every model',
  {
    details: `
Each select is analysed against empty tables by the server that SPARK_REMOTE
names; nothing is computed, and no warehouse is needed. What engines spell
differently has one name in models: sql/source/macros.sql.`,
    examples: ['medallion models check --engine spark'],
    exits: { 4: 'the cluster does not understand a model' },
    seeAlso: ['models list', 'promote', 'doctor'],
    options: { engine: choice('--engine <name>', 'engine to check with', ['spark'], 'spark') },
    /** @throws MedallionError check_failed, with file, line and function of what is not understood */
    run: async (context) => {
      const { checked, problems } = await checkModels(context.config, allModels(context.project));
      const rows = checked.map(({ id }) => {
        const problem = problems.find(({ model }) => model.id === id);
        return {
          ...{ model: id, understood: problem === undefined ? 'yes' : 'no' },
          ...{ place: problem && placeOf(problem), problem: problem?.message },
        };
      });
      await context.writeRows(resultOf(texts('model', 'understood', 'place', 'problem'), rows));
      if (problems.length > 0) {
        throw new MedallionError(
          'check_failed',
          problems.map((problem) => `${placeOf(problem)}: ${wordsOf(problem)}`).join('\n'),
          {
            hint: 'Use a function that both engines have. sql/source/macros.sql lists the functions that have one name on every engine.',
          },
        );
      }
    },
  },
);

export const modelsCommand = command(
  'models',
  'the tables of silver and gold: what they mean, and what they read',
  {
    details: `
A model is one file of sql/silver or sql/gold, or of models/silver or
models/gold of a project (medallion init makes one). This reads the files; it
needs no warehouse.`,
    examples: [
      'medallion models list',
      'medallion models show sales_performance',
      'medallion models show gold.customer_performance --output markdown',
      'medallion models graph --format mermaid',
      'medallion models graph sales_performance --format dot | dot -Tsvg -o lineage.svg',
    ],
    seeAlso: ['docs', 'promote', 'sql'],
    commands: [list, show, graph, check],
  },
);

function placeOf({ model, line }: Incomprehension): string {
  return `${model.file}:${String(line)}`;
}

function wordsOf({ unknown, message }: Incomprehension): string {
  return unknown === undefined ? message : `the server has no function ${unknown}`;
}

/** What the header of a model says beside its columns. */
function headLines(model: Model, models: readonly Model[], width: number): string[] {
  const readers = models.filter(({ inputs }) => inputs.includes(model.id));
  const facts: [name: string, value: string][] = [
    ['  grain', model.grain],
    ['  load', model.load],
    ['  reads', inputTables(model.inputs).join(', ') || 'nothing'],
    ['  read by', readers.map(({ id }) => id).join(', ') || 'no other model'],
    ...model.checks.map(({ name, severity }): [string, string] => [
      '  check',
      `${name} (${severity})`,
    ]),
    ['  file', model.file],
  ];
  return [hanging(`${model.id}: ${model.description}`, width), ...factLines(facts, width)];
}

/** A model and every model that it is made of, in the order they are filled. */
function ancestry(models: readonly Model[], model: Model): Model[] {
  const wanted = new Set([model.id]);
  // Readers come after what they read, so one pass from the end finds all.
  for (const { id, inputs } of [...models].reverse()) {
    if (wanted.has(id)) {
      inputs.forEach((input) => wanted.add(input));
    }
  }
  return models.filter(({ id }) => wanted.has(id));
}

/** @throws MedallionError usage when there is none, or there are two, of that name */
function findModel(models: readonly Model[], name: string): Model {
  const [found, ...others] = models.filter((model) => model.id === name || model.name === name);
  if (found === undefined || others.length > 0) {
    throw usageError(
      found === undefined
        ? `there is no model ${name}`
        : `${name} is in more than one layer: give its layer, too`,
      'To see all models: medallion models list',
    );
  }
  return found;
}
