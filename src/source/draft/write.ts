import { driftOf } from '../drift.ts';
import { EACH, type Path } from '../mapping.ts';
import { placeOf, showPath } from '../path.ts';
import { readSource } from '../read.ts';
import { UNKNOWN } from '../unfinished.ts';
import { exampleOf, type Draft, type DraftedField } from './draft.ts';
import { isPersonal } from './names.ts';
import type { Sample, SampleField } from './sample.ts';
import { fieldLines, ruleText, scalar } from './yaml.ts';

/** How the files of a source are written, where they are of CSV. */
export interface DraftedCsv {
  readonly delimiter: string;
  readonly encoding: string;
  readonly hasDecimalComma: boolean;
  readonly groupBy: string;
}

const MOST_UNREAD = 150;
/** Members that say what kind a record is. */
const KINDS = ['event', 'eventname', 'eventtype', 'recordtype', 'topic', 'type'];
const TESTS = ['test', 'istest', 'testmode', 'sandbox'];

/**
 * The file of a drafted source: each field with a value of the sample, what is open with its choices in comments, and in the
 * end the fields of the sample that nothing reads.
 * @param from the file of the sample, for people
 * @param values the records of the sample, as bronze would have them
 */
export function draftText(
  draft: Draft,
  sample: Sample,
  { name, from, csv, values }: { name: string; from: string; csv?: DraftedCsv; values: string[] },
): string {
  const mapping = [
    ...['version: 1', `description: ${scalar(`Orders as in ${from}`)}`],
    ...(csv === undefined ? [`# topics: [${name}.orders] # of Kafka; each has one source`] : []),
    ...(csv === undefined ? [] : csvLines(csv)),
    ...whereLines(sample),
    ...['order:', ...orderLines(draft).map(indented)],
    ...['items:', ...itemLines(draft).map(indented)],
  ];
  const head = [
    `# Drafted from ${from}. Look at each line: a name that fits may mean something else.`,
    ...(draft.fields.some(({ isOpen }) => isOpen) || draft.lines === undefined
      ? [`# What is ${UNKNOWN} nobody found: the comments below it have what it may be.`]
      : []),
    `# docs/sources.md describes every property; medallion source test ${name} shows what comes out.`,
  ];
  const text = [...head, ...mapping].map((line) => `${line}\n`).join('');
  return (
    text +
    unreadLines(text, name, sample, values)
      .map((line) => `${line}\n`)
      .join('')
  );
}

function csvLines({ delimiter, encoding, hasDecimalComma, groupBy }: DraftedCsv): string[] {
  const words = [
    ...(delimiter === ',' ? [] : [`delimiter: ${delimiter === '\t' ? '"\\t"' : `'${delimiter}'`}`]),
    ...(encoding === 'utf-8' ? [] : [`encoding: ${encoding}`]),
    ...(hasDecimalComma ? ["decimal: ','"] : []),
  ];
  return [
    words.length === 0 ? 'format: csv' : `format: { csv: { ${words.join(', ')} } }`,
    `group_by: ${scalar(groupBy)} # adjacent rows that have the same are one order`,
  ];
}

/** What may tell orders from other records, in a comment. */
function whereLines({ fields }: Sample): string[] {
  const find = (names: readonly string[]): SampleField | undefined =>
    names
      .map((name) => fields.find((field) => field.names.join() === name && field.texts.length > 0))
      .find((field) => field !== undefined);
  const kind = find(KINDS);
  const test = find(TESTS);
  const condition = (field: SampleField, text: string): string =>
    `# where: { ${scalar(showPath(field.path))}: ${text} } # any other record is skipped`;
  return [
    ...(kind === undefined ? [] : [condition(kind, scalar(kind.texts[0] ?? ''))]),
    ...(test === undefined ? [] : [condition(test, "[false, '']")]),
  ];
}

function orderLines({ fields }: Draft): string[] {
  const own = fields.filter(({ section }) => section === 'order');
  const ofCustomer = own.filter(({ word }) => word.startsWith('customer.'));
  const customer = [
    'customer:',
    ...ofCustomer
      .flatMap((field) => linesOf({ ...field, word: field.word.replace('customer.', '') }))
      .map(indented),
    ...(ofCustomer.some(({ isOpen }) => isOpen)
      ? ['  # where nobody is known, in the place of id: guest: { value: true }']
      : []),
  ];
  const [first] = ofCustomer;
  return own.flatMap((field) =>
    field === first ? customer : ofCustomer.includes(field) ? [] : linesOf(field),
  );
}

function itemLines({ lines, fields }: Draft): string[] {
  return [
    lines === undefined
      ? `from: ${scalar(UNKNOWN)} # the list of the order lines`
      : `from: ${scalar(showPath(lines))}`,
    ...fields.filter(({ section }) => section === 'items').flatMap(linesOf),
  ];
}

function linesOf({ word, rule, remark, choices }: DraftedField): string[] {
  return [
    ...fieldLines(word, rule, remark),
    ...choices.map(([choice, said]) => `# ${word}: ${ruleText(choice)} # ${said}`),
  ];
}

function indented(line: string): string {
  return `  ${line}`;
}

/** The fields of the sample that the mapping leaves, as comments; those that identify a person may be dropped. */
function unreadLines(
  text: string,
  name: string,
  sample: Sample,
  values: readonly string[],
): string[] {
  const source = readSource(text, `${name}.yaml`, []);
  if (source === undefined) {
    throw new Error(`the draft of ${name} is no source`);
  }
  const fields = new Map(
    [
      ...sample.fields,
      ...sample.lists.flatMap((list) =>
        list.fields.map((field) => ({ ...field, path: below(list.path, field.path) })),
      ),
    ].map((field) => [placeOf(field.path), field]),
  );
  const unread = driftOf(source, values).unmapped.flatMap(({ field: place }) => {
    const field = fields.get(place);
    return field === undefined ? [] : [{ place, field }];
  });
  const personal = unread.filter(({ field }) => isPersonal(field));
  const width = Math.max(0, ...unread.map(({ place }) => place.length));
  const more = unread.length - MOST_UNREAD;
  return [
    ...(personal.length === 0
      ? []
      : [
          '# Fields that identify a person; dropped ones are never stored:',
          `# drop: [${personal.map(({ place }) => scalar(place)).join(', ')}]`,
        ]),
    ...(unread.length === 0
      ? []
      : ['# Fields of the sample that nothing reads; extra: { name: path } keeps some:']),
    ...unread
      .slice(0, MOST_UNREAD)
      .map(({ place, field }) =>
        `#   ${place.padEnd(width)}  ${field.kind.padEnd('boolean'.length)}  ${exampleOf(field)}`.trimEnd(),
      ),
    ...(more > 0 ? [`#   and ${String(more)} more`] : []),
  ];
}

function below(list: Path, path: Path): Path {
  return [...list, EACH, ...path];
}
