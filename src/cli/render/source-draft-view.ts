import type { SourceDraft } from '../../app/draft-source.ts';
import type { ResultTable } from '../../postgres/query.ts';
import { showPath } from '../../source/path.ts';
import { ruleText } from '../../source/draft/yaml.ts';
import { fittedTable } from './fit.ts';
import { booleans, resultOf, texts } from './result.ts';

interface DraftRow {
  readonly field: string;
  readonly rule: string;
  readonly remark: string;
  readonly open: boolean;
}

/** The fields of a draft as rows, and as people see them. */
export function draftView({ fields, lines, test }: SourceDraft): {
  readonly table: ResultTable;
  readonly page: (width: number) => readonly string[];
} {
  const of = (section: string): DraftRow[] =>
    fields
      .filter((field) => field.section === section)
      .map(({ word, rule, remark, isOpen }) => ({
        ...{ field: `${section}.${word}`, rule: ruleText(rule), remark, open: isOpen },
      }));
  const from: DraftRow = {
    ...{ field: 'items.from', rule: lines === undefined ? '?' : showPath(lines) },
    ...{ remark: 'the list of the order lines', open: test.unfinished.includes('items.from') },
  };
  const rows = [...of('order'), from, ...of('items')];
  return {
    table: resultOf({ ...texts('field', 'rule', 'remark'), ...booleans('open') }, rows),
    page: (width) =>
      fittedTable<DraftRow>(
        { field: {}, rule: { atLeast: 20 }, remark: { title: 'sample', atLeast: 12 } },
        rows,
        width,
      ),
  };
}
