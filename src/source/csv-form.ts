import {
  ITEM_FIELDS,
  ORDER_FIELDS,
  pathsOf,
  REJECTED,
  ROWS,
  type CsvForm,
  type Field,
  type Path,
  type Rule,
} from './mapping.ts';
import { isMap, isSeq, type NodeReader } from '../config/nodes.ts';

/** How its files of CSV are read; undefined where it is of JSON. */
export function readCsvForm(
  nodes: NodeReader,
  top: ReadonlyMap<string, unknown>,
  base: CsvForm | undefined,
  order: ReadonlyMap<string, Rule>,
  items: ReadonlyMap<string, Rule>,
): CsvForm | undefined {
  const format = top.get('format');
  const groupNode = top.get('group_by');
  const inner = isMap(format) ? nodes.members(format, ['csv']).get('csv') : undefined;
  const isCsv = inner !== undefined || nodes.text(format) === 'csv';
  if (!isCsv && !(format === undefined && base !== undefined)) {
    if (format !== undefined && nodes.text(format) !== 'json') {
      nodes.report(format, `format is json or csv`);
    }
    if (groupNode !== undefined) {
      nodes.report(groupNode, 'group_by works only with format: csv');
    }
    return undefined;
  }
  const words = ['delimiter', 'encoding', 'decimal', 'header'];
  const said = isMap(inner) ? nodes.members(inner, words) : new Map<string, unknown>();
  const delimiter = nodes.text(said.get('delimiter')) ?? base?.delimiter ?? ',';
  if (!/^[\t !#-~]$/.test(delimiter)) {
    nodes.report(said.get('delimiter'), 'delimiter is one ASCII character other than a quote');
  }
  const encoding = nodes.text(said.get('encoding')) ?? base?.encoding ?? 'utf-8';
  const known = encodingOf(encoding);
  if (known === undefined) {
    nodes.report(
      said.get('encoding'),
      `there is no encoding "${encoding}"; examples are utf-8, windows-1252 and utf-16le`,
    );
  }
  const decimal = nodes.text(said.get('decimal')) ?? (base?.decimalComma.size ? ',' : '.');
  if (decimal !== ',' && decimal !== '.') {
    nodes.report(said.get('decimal'), "decimal is ',' or '.'");
  }
  const header = said.get('header');
  const isInFile = header === undefined || nodes.text(header) === 'true';
  const columns = nodes.texts(header);
  if (!isInFile && !isSeq(header)) {
    nodes.report(header, 'header is true, or the list of the names of the columns');
  }
  const groupBy = nodes.text(groupNode) ?? base?.groupBy ?? '';
  if (groupBy === '' || groupBy === ROWS || groupBy === REJECTED) {
    nodes.report(
      groupNode ?? format,
      'group_by is missing: the column by which the rows of an order belong together',
    );
  }
  if (top.has('topics')) {
    nodes.report(top.get('topics'), 'topics hold JSON; CSV comes in files: ingest --source');
  }
  return {
    ...{ delimiter, encoding: known ?? 'utf-8', groupBy },
    header: isInFile ? (header === undefined ? (base?.header ?? true) : true) : columns,
    decimalComma: new Set(decimal === ',' ? numberColumns(order, items) : []),
  };
}

/** The columns of CSV that are mapped to numbers. */
function numberColumns(
  order: ReadonlyMap<string, Rule>,
  items: ReadonlyMap<string, Rule>,
): string[] {
  const numbersIn = (rules: ReadonlyMap<string, Rule>, fields: readonly Field[]): Path[] =>
    fields
      .filter(({ kind }) => ['amount', 'quantity', 'rate'].includes(kind))
      .flatMap(({ path: field }) => {
        const rule = rules.get(field);
        return rule === undefined ? [] : pathsOf(rule);
      });
  return [
    // rows[0].tax and rows[].tax
    ...numbersIn(order, ORDER_FIELDS).flatMap(([first, , column]) =>
      first === ROWS ? [column] : [],
    ),
    ...numbersIn(items, ITEM_FIELDS).map(([column]) => column),
  ].flatMap((column) => (typeof column === 'string' ? [column] : []));
}

/** An encoding by the name that decoders know it by; latin1 is windows-1252, as browsers have it. */
function encodingOf(label: string): string | undefined {
  try {
    return new TextDecoder(label).encoding;
  } catch {
    return undefined;
  }
}
