import { createHash } from 'node:crypto';
import type { ModelFile } from '../model/load.ts';
import { isFilled, type Model } from '../model/model.ts';
import type { Client } from '../postgres/client.ts';
import { hasTables } from '../postgres/ask.ts';
import { sqlFile } from '../sql-file.ts';
import { recordsObjects } from './objects.ts';

/*
 * medallion.project_models records the models of projects that are promoted. Whoever promotes without one of them
 * leaves its table as it is, and is told so, as is who promotes with it again.
 */

/** A model of a project that does not stand as the project left it. */
export interface StrayModel {
  readonly model: string;
  /**
   * dropped: its own project no longer has it; missing: a model of another project alone; different: another project
   * defines it differently; behind: something was promoted without it
   */
  readonly kind: 'dropped' | 'missing' | 'different' | 'behind';
  /** Folder of the project that promoted it last. */
  readonly project: string;
  /** Since when it is behind; else when that project promoted last. UTC. */
  readonly at: string;
  readonly relation: string;
}

/**
 * The models of projects that are not as the project in this folder, or none, has them.
 * @param files of every model of this project and of medallion; asked for where there is anything to compare
 */
export async function readStrayModels(
  client: Client,
  project: string | undefined,
  files: () => readonly ModelFile[],
): Promise<StrayModel[]> {
  // Who may not read what medallion has made only loads, and older warehouses do not know.
  if (!(await recordsObjects(client)) || !(await hasTables(client, 'medallion.project_models'))) {
    return [];
  }
  const { rows } = await client.query<{
    model: string;
    project: string;
    definition: string;
    promoted_at: string;
    behind_since: string | null;
    kind: string;
  }>(sqlFile('projects/models'));
  const known = new Map(rows.length === 0 ? [] : files().map((file) => [file.id, file]));
  return rows.flatMap((row): StrayModel[] => {
    const file = known.get(row.model);
    const isOther = row.project !== project;
    const stray = { model: row.model, project: row.project, relation: row.kind };
    const last = { ...stray, at: row.promoted_at };
    if (file === undefined) {
      return [{ ...last, kind: isOther ? 'missing' : 'dropped' }];
    }
    const isDifferent = isOther && definitionOf(file) !== row.definition;
    return [
      ...(isDifferent ? [{ ...last, kind: 'different' as const }] : []),
      ...(row.behind_since === null
        ? []
        : [{ ...stray, kind: 'behind' as const, at: row.behind_since }]),
    ];
  });
}

/** What is the matter with a model, and what becomes of it. */
export function describeStray({ model, kind, project, at, relation }: StrayModel): {
  what: string;
  then: string;
} {
  const isGold = model.startsWith('gold.');
  const other = `the project at ${project}, which promotes here, too`;
  switch (kind) {
    case 'dropped':
      return {
        what: `no longer in its project; promoted last at ${at} UTC`,
        then: `left unchanged: put models/${model.replace('.', '/')}.sql back, or remove it with medallion sql --write 'drop ${relation} ${model}'`,
      };
    case 'missing':
      return {
        what: `a model of ${other} (last at ${at} UTC)`,
        then: `left unchanged here; ${isGold ? 'that project computes all of it when it promotes again' : 'that project needs promote --full-refresh then'}`,
      };
    case 'different':
      return {
        what: `defined differently by ${other} (last at ${at} UTC)`,
        then: `promoted as it is defined here; ${refreshOf(model)} computes all of it so`,
      };
    case 'behind':
      return {
        what: `incomplete: it lacks what a project without it has promoted since ${at} UTC`,
        then: isGold ? 'the next promotion computes all of it' : `${refreshOf(model)} fills it`,
      };
  }
}

/** What whoever promotes is to know of them: one warning for each other project, and for each table that lacks rows. */
export function strayWarnings(
  strays: readonly StrayModel[],
  project: string | undefined,
): { message: string; hint: string }[] {
  const projects = [...new Set(strays.map((stray) => stray.project))];
  const namesOf = (kind: StrayModel['kind'], folder: string): string =>
    strays
      .filter((stray) => stray.kind === kind && stray.project === folder)
      .map(({ model }) => model)
      .join(', ');
  return [
    ...projects.flatMap((folder) => {
      const missing = namesOf('missing', folder);
      const different = namesOf('different', folder);
      const also = `the project at ${folder} promotes into this warehouse, too`;
      return [
        ...(missing === ''
          ? []
          : [
              {
                message: `${also}; its models are left unchanged: ${missing}`,
                hint:
                  project === undefined
                    ? `Promote in that folder, or with --config ${folder}/medallion.yaml.`
                    : 'Put the models of both into one project, or give each its own warehouse. That project computes all of its marts when it promotes again.',
              },
            ]),
        ...(different === ''
          ? []
          : [
              {
                message: `${also}, and defines these models differently: ${different}`,
                hint: 'Rows promoted now follow this definition, older rows the other one. Define each model in one project only; medallion promote --plan shows the command that computes all of it again.',
              },
            ]),
      ];
    }),
    ...strays
      .filter(({ kind, model }) => kind === 'behind' && model.startsWith('silver.'))
      .map((stray) => ({
        message: `${stray.model} is ${describeStray(stray).what}`,
        hint: `${refreshOf(stray.model)} fills it.`,
      })),
  ];
}

/** Marts that come back to promotions wait for all their rows. */
export async function resumeMarts(client: Client, models: readonly Model[]): Promise<void> {
  await client.query(sqlFile('projects/resume'), [models.filter(isFilled).map(({ id }) => id)]);
}

/**
 * Records which models of a project are promoted, and which are left behind.
 * @param whole models that hold all their rows, whatever was promoted without them
 * @param layers those in which something is promoted
 */
export async function recordProjectModels(
  client: Client,
  {
    models,
    project,
    whole,
    layers,
  }: {
    readonly models: readonly Model[];
    readonly project: string | undefined;
    readonly whole: readonly Model[];
    readonly layers: readonly Model['layer'][];
  },
): Promise<void> {
  const ids = models.map(({ id }) => id);
  const own = project === undefined ? [] : models.filter(({ isOfProject }) => isOfProject);
  await client.query(sqlFile('projects/record'), [
    own.map(({ id }) => id),
    own.map(({ lines }) => definitionOf({ text: lines.join('\n') })),
    project,
    ids,
    [...whole, ...models.filter((model) => !isFilled(model))].map(({ id }) => id),
  ]);
  await client.query(sqlFile('projects/leave_behind'), [ids, layers]);
}

function definitionOf({ text }: Pick<ModelFile, 'text'>): string {
  return createHash('sha256').update(text).digest('hex');
}

function refreshOf(model: string): string {
  return model.startsWith('gold.')
    ? `medallion promote --full-refresh --select ${model}`
    : 'medallion promote --full-refresh';
}
