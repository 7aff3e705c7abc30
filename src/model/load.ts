import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseYAML } from 'confbox/yaml';
import { MedallionError, messageOf } from '../errors.ts';
import { readHeader } from './header.ts';
import { isFixed, isMadeByDay } from './days.ts';
import type { Model } from './model.ts';

const SQL_DIRECTORY = fileURLToPath(new URL('../../sql/', import.meta.url));

export interface Models {
  /** Each after the models it reads. */
  readonly silver: readonly Model[];
  readonly gold: readonly Model[];
}

/**
 * Reads every model of sql/silver and sql/gold, checks the headers and puts the models in the order they depend on
 * one another.
 * @throws MedallionError model, naming file and line, with everything that is wrong
 */
export function loadModels(directory = SQL_DIRECTORY): Models {
  const problems: string[] = [];
  const models = (['silver', 'gold'] as const).flatMap((layer) =>
    readdirSync(path.join(directory, layer))
      .filter((file) => file.endsWith('.sql'))
      .sort()
      .flatMap((file) => {
        const full = path.join(directory, layer, file);
        const model = parseModel(layer, full, readFileSync(full, 'utf8'), problems);
        return model === undefined ? [] : [model];
      }),
  );
  checkInputs(models, problems);
  if (problems.length > 0) {
    throw new MedallionError('model', problems.join('\n'), {
      hint: 'The header of a model is described in src/model/model.ts; sql/gold/sales_performance.sql is an example.',
    });
  }
  const ordered = inDependencyOrder(models);
  return {
    silver: ordered.filter((model) => model.layer === 'silver'),
    gold: ordered.filter((model) => model.layer === 'gold'),
  };
}

/** Of a model's file, counted from 1; the one before it opens the comment. */
const FIRST_HEADER_LINE = 2;

/** One model from its text; undefined, with the reasons added to `problems`, when it is not one. */
function parseModel(
  layer: Model['layer'],
  file: string,
  text: string,
  problems: string[],
): Model | undefined {
  const shown = path.join('sql', layer, path.basename(file));
  const match = /^\/\* @model\r?\n([\s\S]*?)\*\//.exec(text);
  if (match === null) {
    problems.push(`${shown}:1: a model begins with a header: /* @model ... */`);
    return undefined;
  }
  const name = path.basename(file, '.sql');
  if (!/^[a-z][a-z0-9_]*$/.test(name)) {
    problems.push(`${shown}: "${name}" is not a plain lower-case name for a table`);
    return undefined;
  }
  let yaml: unknown;
  try {
    yaml = parseYAML(match[1] ?? '');
  } catch (error) {
    // The parser's mark counts lines from 0.
    const { mark, reason } = error as { mark?: { line: number }; reason?: string };
    const line = FIRST_HEADER_LINE + (mark?.line ?? 0);
    problems.push(`${shown}:${String(line)}: ${reason ?? messageOf(error)}`);
    return undefined;
  }
  const read = readHeader(yaml);
  if ('problems' in read) {
    problems.push(...read.problems.map((problem) => `${shown}: ${problem}`));
    return undefined;
  }
  const { columns, latest_by: latestBy, ...rest } = read.header;
  const body = text.slice(match[0].length);
  const sql = body.trim().replace(/;$/, '');
  const before = text.slice(0, text.length - body.trimStart().length);
  if (!/^(--[^\n]*\n\s*)*(select|with)\b/i.test(sql)) {
    problems.push(`${shown}: the body of a model is one select`);
    return undefined;
  }
  return {
    layer,
    name,
    id: `${layer}.${name}`,
    file: shown,
    description: rest.description,
    grain: rest.grain,
    key: rest.key,
    load: rest.load,
    columns: Object.entries(columns).map(([column, properties]) => ({
      name: column,
      ...properties,
    })),
    unique: rest.unique,
    indexes: rest.indexes,
    latestBy,
    refresh: rest.refresh,
    count: rest.count,
    within: rest.within,
    window: rest.window,
    restatements: rest.restatements,
    checks: rest.checks,
    sql,
    line: before.split('\n').length,
    sources: inputsOf(sql),
    inputs: inputsOf(
      [sql, ...Object.values(columns).flatMap(({ derived }) => derived ?? [])].join('\n'),
    ),
  };
}

/** A comment, a string, or a table: tables are always written with their schema. */
const PIECE = /--[^\n]*|'(?:[^']|'')*'|\b(?:source|silver|gold)\.[a-z_][a-z0-9_]*\b/g;

function inputsOf(sql: string): string[] {
  const names = sql.matchAll(PIECE);
  return [
    ...new Set([...names].map(([name]) => name).filter((name) => /^[a-z]/.test(name))),
  ].sort();
}

/** The select over another relation in the place of a table, by whose name the rows still go. */
export function over(sql: string, table: string, relation: string): string {
  const alias = table.slice(table.indexOf('.') + 1);
  return sql.replaceAll(PIECE, (piece, at: number) => {
    const hasAlias = /^\s+as\s/i.test(sql.slice(at + piece.length));
    return piece === table ? `${relation}${hasAlias ? '' : ` as ${alias}`}` : piece;
  });
}

function checkInputs(models: readonly Model[], problems: string[]): void {
  const known = new Map(models.map((model) => [model.id, model]));
  for (const model of models) {
    problems.push(...additiveProblems(model, models));
    for (const input of model.inputs) {
      if (input === model.id) {
        problems.push(`${model.file}: a model cannot read itself`);
      } else if (input.startsWith('source.') && model.layer === 'gold') {
        problems.push(`${model.file}: gold reads silver and gold, not ${input}`);
      } else if (input.startsWith('gold.') && model.layer === 'silver') {
        problems.push(`${model.file}: silver cannot read ${input}: data flows from silver to gold`);
      } else if (!input.startsWith('source.') && !known.has(input)) {
        problems.push(`${model.file}: there is no model ${input}`);
      }
    }
  }
}

/** Where an event stands in the log, and which run took it: a repeated event changes these, and nothing that adds up. */
const LINEAGE = /\b(?:topic|produced_at|run_id)\b|\."?(?:partition|offset)\b/;

/** What an additive mart reads that does not add up. */
function* additiveProblems(model: Model, models: readonly Model[]): Generator<string> {
  if (model.load !== 'additive') {
    return;
  }
  const sources = models.filter(({ id }) => model.sources.includes(id));
  const marts = sources.filter(({ layer }) => layer === 'gold');
  const facts = sources.filter((source) => isMadeByDay(source, models));
  for (const { id, load } of sources.filter((one) => !facts.includes(one) && !isFixed(one))) {
    if (load !== 'additive') {
      yield `${model.file}: an additive mart cannot read ${id}, whose rows may change with any event`;
    }
  }
  if (marts.length > 1 || (marts.length === 1 && facts.length > 0)) {
    yield `${model.file}: an additive mart reads facts, or one other mart`;
  }
  for (const column of model.within) {
    if (marts[0]?.key.includes(column) !== true) {
      yield `${model.file}: within: "${column}" is not in the key of a mart that it reads`;
    }
  }
  if (marts.length === 0 && !model.key.includes('date_key')) {
    yield `${model.file}: an additive mart over facts has date_key in its key; one without days reads such a mart`;
  }
  if (LINEAGE.test(model.sql)) {
    yield `${model.file}: an additive mart cannot read where an event stands in the log`;
  }
}

function inDependencyOrder(models: readonly Model[]): Model[] {
  const byId = new Map(models.map((model) => [model.id, model]));
  const ordered: Model[] = [];
  const visit = (model: Model, path: readonly Model[]): void => {
    if (path.includes(model)) {
      throw new MedallionError(
        'model',
        `models read one another in a circle: ${[...path, model].map(({ id }) => id).join(' -> ')}`,
      );
    }
    if (!ordered.includes(model)) {
      for (const input of model.inputs) {
        const dependency = byId.get(input);
        if (dependency !== undefined) {
          visit(dependency, [...path, model]);
        }
      }
      ordered.push(model);
    }
  };
  for (const model of models) {
    visit(model, []);
  }
  return ordered;
}
