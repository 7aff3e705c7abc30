import { Command } from 'commander';
import { checkModels } from '../../app/models.ts';
import type { Incomprehension } from '../../engine/spark/check.ts';
import { MedallionError } from '../../errors.ts';
import { allModels } from '../../model/load.ts';
import type { Model } from '../../model/model.ts';
import { addGlobalFlags, type CommandContext } from '../context.ts';
import { command } from '../help.ts';
import type { RunCommand } from '../run-command.ts';
import { factLines } from '../render/document.ts';
import { fittedTable } from '../render/fit.ts';
import {
  inputTables,
  LINEAGE_FORMATS,
  renderLineage,
  type LineageFormat,
} from '../render/lineage.ts';
import type { ResultTable } from '../../postgres/query.ts';
import { resultOf } from '../render/result.ts';
import { hanging } from '../render/wrap.ts';

export function createModelsCommand(run: RunCommand): Command {
  const models = command(
    'models',
    'the tables of silver and gold: what they mean, and what they are made of',
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
    },
  );
  const commands = [
    command('list', 'every model, in the order they are filled', {
      examples: ['medallion models list', 'medallion models list --output csv'],
      seeAlso: ['models show', 'docs'],
    }).action(run(list)),
    command('show', 'one model: its columns and their meaning, or its SQL', {
      examples: [
        'medallion models show sales_performance',
        'medallion models show gold.sales_performance --sql',
      ],
      seeAlso: ['models list', 'models graph', 'sql'],
    })
      .argument('<model>', 'schema.name, or the name alone')
      .option('--sql', 'print the select instead')
      .action(run(show)),
    command('graph', 'what is made of what', {
      examples: [
        'medallion models graph',
        'medallion models graph sales_performance --format mermaid',
      ],
      seeAlso: ['models list', 'docs'],
    })
      .argument('[model]', 'only this model and all it is made of')
      .addOption(
        new Command()
          .createOption('--format <format>', 'how to draw it')
          .choices([...LINEAGE_FORMATS])
          .default('text'),
      )
      .action(run(graph)),
    command('check', 'have a cluster analyse the select of every model that it would compute', {
      details: `
Each select is analysed against empty tables by the server that SPARK_REMOTE
names; nothing is computed, and no warehouse is needed. What engines spell
differently has one name in models: sql/source/macros.sql.`,
      examples: ['medallion models check --engine spark'],
      exits: { 4: 'a model is not understood' },
      seeAlso: ['models list', 'promote', 'doctor'],
    })
      .addOption(
        new Command()
          .createOption('--engine <name>', 'which engine')
          .choices(['spark'])
          .default('spark'),
      )
      .action(run(check)),
  ];
  for (const command of commands) {
    models.addCommand(addGlobalFlags(command));
  }
  return models;
}

async function list(context: CommandContext): Promise<void> {
  const models = allModels(context.project);
  const table = resultOf({ model: 'text', load: 'text', description: 'text' }, [
    ...models.map(({ id, load, description }) => ({ model: id, load, description })),
  ]);
  // What each model is stands below its name: next to it there is little room.
  await context.writeRows(table, (width) =>
    fittedTable<Model>({ id: { title: 'model', atLeast: 20 }, load: {} }, models, width, {
      note: ({ description }) => description,
    }),
  );
}

async function show(
  context: CommandContext,
  flags: { readonly sql?: boolean },
  [name = '']: readonly string[],
): Promise<void> {
  const models = allModels(context.project);
  const model = findModel(models, name);
  if (flags.sql === true) {
    await context.write(`${model.sql.trim()}\n`);
    return;
  }
  if (context.format === undefined) {
    await context.write(`${headLines(model, models, context.width).join('\n')}\n\n`);
  }
  await context.writeRows(columnsTable(model));
}

/** @throws MedallionError check_failed, with file, line and function of what is not understood */
async function check(context: CommandContext): Promise<void> {
  const { checked, problems } = await checkModels(context.config, allModels(context.project));
  await context.writeRows(
    resultOf(
      { model: 'text', understood: 'text', place: 'text', problem: 'text' },
      checked.map(({ id }) => {
        const problem = problems.find(({ model }) => model.id === id);
        return {
          ...{ model: id, understood: problem === undefined ? 'yes' : 'no' },
          place: problem === undefined ? null : placeOf(problem),
          problem: problem?.message ?? null,
        };
      }),
    ),
  );
  if (problems.length > 0) {
    throw new MedallionError(
      'check_failed',
      problems.map((problem) => `${placeOf(problem)}: ${wordsOf(problem)}`).join('\n'),
      {
        hint: 'Use a function that both engines have. sql/source/macros.sql lists those that models call by one name on every engine.',
      },
    );
  }
}

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

function columnsTable({ columns, key }: Model): ResultTable {
  return resultOf(
    { column: 'text', type: 'text', key: 'boolean', nullable: 'boolean', description: 'text' },
    columns.map(({ name, ...column }) => ({ ...column, column: name, key: key.includes(name) })),
  );
}

async function graph(
  context: CommandContext,
  flags: { readonly format: LineageFormat },
  [name]: readonly string[],
): Promise<void> {
  const models = allModels(context.project);
  const wanted = name === undefined ? models : ancestry(models, findModel(models, name));
  await context.write(renderLineage(wanted, flags.format));
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
    throw new MedallionError(
      'usage',
      found === undefined ? `there is no model ${name}` : `${name} stands in more than one layer`,
      { hint: 'All of them: medallion models list' },
    );
  }
  return found;
}
