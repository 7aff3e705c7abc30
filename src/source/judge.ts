import { judgeDetails, judgeText, show, type Verdict } from '../event/judge.ts';
import type { References } from '../event/references.ts';
import type { Source } from './mapping.ts';
import { mapRecord } from './plan.ts';

/** Judges one record of a source. A rejection names the record's own path. */
export function judgeRecord(source: Source, value: string, references: References): Verdict {
  return judgeText(value, (record) => {
    const { details, pathOf, unknown } = mapRecord(source, record, references);
    const verdict = judgeDetails(details, references);
    if (verdict.accepted || verdict.field === null) {
      return verdict;
    }
    const field = pathOf(verdict.field);
    const text = unknown.get(verdict.field);
    return text === undefined
      ? { ...verdict, field }
      : { ...verdict, reason: 'unknown_reference', field, detail: `no such value: ${show(text)}` };
  });
}
