import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseYAML } from 'confbox/yaml';
import { codeOf, MedallionError, messageOf } from '../errors.ts';
import { headerLine } from './header-line.ts';
import { readHeader } from './header.ts';
import { lieOver } from './replace.ts';
import { isFixed, isMadeByDay } from './days.ts';
import { placeOf, type Model } from './model.ts';

/** A folder of silver/ and gold/ with models, and how messages call it. */
interface Layer {
  readonly directory: string;
  readonly shown: string;
  readonly isOfProject: boolean;
}

const PACKAGE: Layer = {
  directory: fileURLToPath(new URL('../../sql/', import.meta.url)),
  shown: 'sql',
  isOfProject: false,
};

export interface Models {
  /** Each after the models it reads. */
  readonly silver: readonly Model[];
  readonly gold: readonly Model[];
}

/**
 * Reads every model of the package (sql/silver, sql/gold), and those that lie over them in models/ of a project, checks
 * the headers and puts the models in the order they depend on one another.
 * @param project its folder
 * @throws MedallionError model, naming file and line, with everything that is wrong
 */
export function loadModels(project?: string): Models {
  const problems: string[] = [];
  const shipped = readLayer(PACKAGE, problems);
  const own = project === undefined ? [] : readLayer(layerOf(project), problems);
  const models = lieOver(shipped, own, problems);
  checkInputs(models, problems);
  const ordered = problems.length > 0 ? [] : inDependencyOrder(models, problems);
  if (problems.length > 0) {
    throw new MedallionError('model', problems.join('\n'), {
      hint:
        project !== undefined && problems.some((problem) => problem.startsWith('models/'))
          ? `Paths start from ${project}. docs/projects.md describes the header of a model.`
          : 'docs/projects.md describes the header of a model; sql/gold/sales_performance.sql is an example.',
    });
  }
  return {
    silver: ordered.filter((model) => model.layer === 'silver'),
    gold: ordered.filter((model) => model.layer === 'gold'),
  };
}

/** The file of a model, which is not looked into. */
export interface ModelFile {
  /** layer.name */
  readonly id: string;
  readonly text: string;
}

/** The files of all models: those of a project stand in the place of the package's. */
export function modelFiles(project?: string): ModelFile[] {
  const layers = project === undefined ? [PACKAGE] : [PACKAGE, layerOf(project)];
  const files = layers.flatMap((layer) =>
    filesOf(layer).map((file): [id: string, ModelFile] => {
      const id = file
        .split(path.sep)
        .join('.')
        .replace(/\.sql$/, '');
      return [id, { id, text: textOf(layer, file) }];
    }),
  );
  return [...new Map(files).values()];
}

/** All models, in the order they are filled. */
export function allModels(project?: string): Model[] {
  const { silver, gold } = loadModels(project);
  return [...silver, ...gold];
}

function layerOf(project: string): Layer {
  return { directory: path.join(project, 'models'), shown: 'models', isOfProject: true };
}

/** The models of a layer; of one of a user also what lies where no model is read. */
function readLayer(from: Layer, problems: string[]): Model[] {
  const { shown, isOfProject } = from;
  return filesOf(from).flatMap((file) => {
    const [folder = '', ...rest] = file.split(path.sep);
    const layer = LAYERS.find((one) => one === folder);
    const place = path.posix.join(shown, ...file.split(path.sep));
    if (layer === undefined || rest.length !== 1) {
      problems.push(`${place}: a model must be directly in ${shown}/silver or ${shown}/gold`);
      return [];
    }
    const text = textOf(from, file);
    const model = parseModel(layer, { shown: place, isOfProject }, text, problems);
    return model === undefined ? [] : [model];
  });
}

function filesOf({ directory, isOfProject }: Layer): string[] {
  return isOfProject ? sqlFilesBelow(directory) : packageFiles(directory);
}

function textOf({ directory }: Layer, file: string): string {
  return readFileSync(path.join(directory, file), 'utf8').replace(/^\uFEFF/, '');
}

const LAYERS = ['silver', 'gold'] as const;

function packageFiles(directory: string): string[] {
  return LAYERS.flatMap((layer) =>
    readdirSync(path.join(directory, layer))
      .filter((file) => file.endsWith('.sql'))
      .sort()
      .map((file) => path.join(layer, file)),
  );
}

function sqlFilesBelow(directory: string): string[] {
  try {
    return readdirSync(directory, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.sql'))
      .sort();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') {
      return [];
    }
    throw new MedallionError('config', `cannot read ${directory}: ${messageOf(error)}`, {
      hint: 'It has the models of the project: make it readable.',
      cause: error,
    });
  }
}

/** Of a model's file, counted from 1; the one before it opens the comment. */
const FIRST_HEADER_LINE = 2;

/** One model from its text; undefined, with the reasons added to `problems`, when it is not one. */
function parseModel(
  layer: Model['layer'],
  { shown, isOfProject }: { readonly shown: string; readonly isOfProject: boolean },
  text: string,
  problems: string[],
): Model | undefined {
  const match = /^\/\* @model\r?\n([\s\S]*?)\*\//.exec(text);
  if (match === null) {
    problems.push(`${shown}:1: a model must begin with a header: /* @model ... */`);
    return undefined;
  }
  const name = path.posix.basename(shown, '.sql');
  if (!/^[a-z][a-z0-9_]*$/.test(name)) {
    problems.push(`${shown}:1: "${name}" is not a plain lower-case name for a table`);
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
    problems.push(
      ...read.problems.map(
        (problem) => `${shown}:${String(headerLine(match[1] ?? '', problem))}: ${problem}`,
      ),
    );
    return undefined;
  }
  const { columns } = read.header;
  const body = text.slice(match[0].length);
  const sql = body.trim().replace(/;$/, '');
  const before = text.slice(0, text.length - body.trimStart().length);
  if (!/^(--[^\n]*\n\s*)*(select|with)\b/i.test(sql)) {
    problems.push(
      `${shown}:${String(before.split('\n').length)}: the body of a model must be one select`,
    );
    return undefined;
  }
  return {
    ...read.header,
    ...{ layer, name, id: `${layer}.${name}`, file: shown, isOfProject },
    lines: text.split('\n'),
    columns: Object.entries(columns).map(([column, said]) => ({ name: column, ...said })),
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
    for (const problem of additiveProblems(model, models)) {
      problems.push(`${placeOf(model, /^load:/)}: ${problem}`);
    }
    for (const input of model.inputs) {
      const at = placeOf(model, new RegExp(`^(?!\\s*--).*\\b${input}\\b`));
      if (input === model.id) {
        problems.push(`${at}: a model cannot read itself`);
      } else if (input.startsWith('source.') && model.layer === 'gold') {
        problems.push(`${at}: gold reads silver and gold, not ${input}`);
      } else if (input.startsWith('gold.') && model.layer === 'silver') {
        problems.push(`${at}: silver cannot read ${input}: data flows from silver to gold`);
      } else if (!input.startsWith('source.') && !known.has(input)) {
        problems.push(`${at}: there is no model ${input}`);
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
      yield `an additive mart cannot read ${id}, whose rows may change with any event`;
    }
  }
  if (marts.length > 1 || (marts.length === 1 && facts.length > 0)) {
    yield `an additive mart must read either facts or one other mart`;
  }
  for (const column of model.within) {
    if (marts[0]?.key.includes(column) !== true) {
      yield `within: "${column}" is not in the key of a mart that it reads`;
    }
  }
  if (marts.length === 0 && !model.key.includes('date_key')) {
    yield `an additive mart that reads facts needs date_key in its key; one without days must read such a mart`;
  }
  if (LINEAGE.test(model.sql)) {
    yield `an additive mart cannot read where an event is in the log: topic, partition, offset, produced_at, run_id`;
  }
}

function inDependencyOrder(models: readonly Model[], problems: string[]): Model[] {
  const byId = new Map(models.map((model) => [model.id, model]));
  const ordered: Model[] = [];
  const visit = (model: Model, above: readonly Model[]): void => {
    if (ordered.includes(model) || problems.length > 0) {
      return;
    }
    const circle = above.slice(above.indexOf(model));
    if (above.includes(model)) {
      // The one that closes it, where it is the user's: nothing of the package's alone is a circle.
      const own = circle.find(({ isOfProject }) => isOfProject) ?? model;
      const ids = [...circle, model].map(({ id }) => id).join(' -> ');
      problems.push(
        `${own.file}:${String(own.line)}: these models read one another in a circle: ${ids}`,
      );
      return;
    }
    for (const input of model.inputs) {
      const dependency = byId.get(input);
      if (dependency !== undefined) {
        visit(dependency, [...above, model]);
      }
    }
    ordered.push(model);
  };
  for (const model of models) {
    visit(model, []);
  }
  return ordered;
}
