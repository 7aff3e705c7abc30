import type { SourceDraft } from '../../app/draft-source.ts';
import type { ResultTable } from '../../postgres/query.ts';
import { showPath } from '../../source/path.ts';
import { ruleText } from '../../source/draft/yaml.ts';
import { page } from './fit.ts';
import { booleans, resultOf, texts } from './result.ts';

/** The fields of a draft for people. */
export const DRAFT = page({
  ...{ field: {}, rule: { atLeast: 20 }, remark: { title: 'sample', atLeast: 12 } },
});

/** The fields of a draft as rows. */
export function draftTable({ fields, lines, test }: SourceDraft): ResultTable {
  const of = (section: string) =>
    fields
      .filter((field) => field.section === section)
      .map(({ word, rule, remark, isOpen }) => ({
        ...{ field: `${section}.${word}`, rule: ruleText(rule), remark, open: isOpen },
      }));
  const from = {
    ...{ field: 'items.from', rule: lines === undefined ? '?' : showPath(lines) },
    ...{ remark: 'the list of the order lines', open: test.unfinished.includes('items.from') },
  };
  return resultOf({ ...texts('field', 'rule', 'remark'), ...booleans('open') }, [
    ...[...of('order'), from, ...of('items')],
  ]);
}
