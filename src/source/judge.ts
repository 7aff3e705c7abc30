import { judgeDetails, judgeText, show, type Judgement } from '../event/judge.ts';
import type { References } from '../event/references.ts';
import type { Source } from './mapping.ts';
import { mapRecord } from './plan.ts';

/** Judges one record of a source. A rejection names the record's own path. */
export function judgeRecord(source: Source, value: string, references: References): Judgement {
  return judgeText(value, (record) => {
    const { details, pathOf, unknown } = mapRecord(source, record, references);
    const judgement = judgeDetails(details, references);
    if (judgement.accepted || judgement.field === null) {
      return judgement;
    }
    const field = pathOf(judgement.field);
    const text = unknown.get(judgement.field);
    return text === undefined
      ? { ...judgement, field }
      : {
          ...judgement,
          reason: 'unknown_reference',
          field,
          detail: `no such value: ${show(text)}`,
        };
  });
}
