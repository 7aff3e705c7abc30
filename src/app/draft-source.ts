import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Config } from '../config.ts';
import { usageError, type MedallionError } from '../errors.ts';
import { makeFolder } from '../folder.ts';
import { allModels } from '../model/load.ts';
import { draftOf, type DraftedField } from '../source/draft/draft.ts';
import { sampleOf } from '../source/draft/sample.ts';
import { draftText } from '../source/draft/write.ts';
import type { Path } from '../source/mapping.ts';
import { isSourceName, loadSources, readSource } from '../source/read.ts';
import { storageError, writeWhole } from '../whole-file.ts';
import { readSample, type SampleFile } from './sample.ts';
import { testRecords, type SourceTest } from './source.ts';

/** A source that was drafted. */
export interface SourceDraft {
  readonly name: string;
  /** Its file, from the folder of the project. */
  readonly file: string;
  readonly sample: SampleFile;
  /** The list of the order lines; undefined where none was found. */
  readonly lines: Path | undefined;
  readonly fields: readonly DraftedField[];
  /** What it makes of the sample. */
  readonly test: SourceTest;
}

/**
 * Drafts a source from a file of records, as sources/<name>.yaml of the project; none that is there is replaced.
 * @param name undefined: by the name of the file
 * @throws MedallionError usage, config, input, storage
 */
export async function draftSource(
  { project }: Pick<Config, 'project'>,
  from: string,
  named: string | undefined,
): Promise<SourceDraft> {
  if (project === undefined) {
    throw usageError(
      'there is no project here, and a source is a file of a project',
      'To make one in this folder: medallion init. To use another one: --config FOLDER/medallion.yaml',
    );
  }
  const name = nameOf(from, named);
  const file = `sources/${name}.yaml`;
  if (loadSources(undefined).has(name)) {
    throw usageError(
      `the source ${name} already exists: it comes with medallion`,
      'Give your source another name with --name.',
    );
  }
  const target = path.join(project, file);
  const there = [target, path.join(project, 'sources', `${name}.yml`)].find((one) =>
    existsSync(one),
  );
  if (there !== undefined) {
    throw takenError(there);
  }
  const sample = await readSample(from);
  const found = sampleOf(sample.records);
  const draft = draftOf(found, sample.csv !== undefined);
  const text = draftText(draft, found, {
    ...{ name, from: path.basename(from), values: sample.values },
    ...(sample.csv === undefined ? {} : { csv: sample.csv }),
  });
  const problems: string[] = [];
  const source = readSource(text, file, problems);
  if (source === undefined) {
    throw new Error(`the draft is not a valid source: ${problems.join('; ')}`);
  }
  await makeFolder(path.dirname(target)).catch((error: unknown) => {
    throw storageError(target, error);
  });
  if (!(await writeWhole(target, text, { mayReplace: false }))) {
    throw takenError(target);
  }
  const records = sample.values.map((value, index) => ({
    place: `${path.basename(from)}:${String(index + 1)}`,
    value,
  }));
  const test = await testRecords(source, allModels(project), records, {});
  return { name, file, sample, lines: draft.lines, fields: draft.fields, test };
}

function takenError(file: string): MedallionError {
  return usageError(
    `${file} already exists; nothing was written`,
    'Give the draft another name with --name, or remove that file.',
  );
}

/** @throws MedallionError usage */
function nameOf(from: string, named: string | undefined): string {
  const name =
    named ??
    path
      .basename(from)
      .replace(/(?:\.(?:json|ndjson|jsonl|csv|tsv|txt|gz))+$/i, '')
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '_')
      .replaceAll(/^[_0-9]+|_+$/g, '');
  if (!isSourceName(name)) {
    throw usageError(
      `"${name}" is not a valid name for a source`,
      'Give a name with --name: lower-case letters, digits and _, a letter first.',
    );
  }
  return name;
}
