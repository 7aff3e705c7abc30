import { judge, judgeDetails, judgeText, type Judgement } from '../event/judge.ts';
import type { Rejection } from '../event/fields.ts';
import { printable, show } from '../event/show.ts';
import type { Json } from '../event/json.ts';
import { withMembers, type MembersOfBatch } from '../event/new-members.ts';
import type { References } from '../event/references.ts';
import { REJECTED, type Source } from './mapping.ts';
import { mapRecord } from './plan.ts';
import { isOfSource } from './where.ts';

export const SKIPPED = 'skipped';

/**
 * What judges the records of a source, or without one events of the contract's own shape.
 * @param members takes what the source adds to dimensions; nothing is added without it
 */
export function judgeBy(
  source: Source | undefined,
  references: References,
  members?: MembersOfBatch,
): (value: string) => Judgement | typeof SKIPPED {
  return (value) =>
    source === undefined
      ? judge(value, references)
      : judgeRecord(source, value, references, members);
}

/** Judges one record of a source. A rejection names the record's own path. */
export function judgeRecord(
  source: Source,
  value: string,
  references: References,
  members?: MembersOfBatch,
): Judgement | typeof SKIPPED {
  return judgeText<typeof SKIPPED>(value, (record) => {
    const rejection = source.csv && rejectionOf(record);
    if (rejection !== undefined) {
      return rejection;
    }
    if (!isOfSource(source, record)) {
      return SKIPPED;
    }
    const mapped = mapRecord(source, record, references, members);
    const { details, extra, pathOf, unknown, added } = mapped;
    const judgement = judgeDetails(details, withMembers(references, added), {
      fractions: source.items.get('quantity')?.isFractional === true,
      extra,
    });
    if (judgement.accepted) {
      members?.keep(added);
      return judgement;
    }
    if (judgement.field === null) {
      return judgement;
    }
    const field = pathOf(judgement.field);
    const found = unknown.get(judgement.field);
    return found === undefined
      ? { ...judgement, field }
      : {
          ...judgement,
          ...{ reason: found.reason, field },
          detail: `the lookup has no such value: ${show(found.text)}`,
        };
  });
}

/** What was wrong with the rows of an order already when they were put together. */
function rejectionOf(record: Json): Rejection | undefined {
  const rejected = record instanceof Map ? record.get(REJECTED) : undefined;
  if (!(rejected instanceof Map)) {
    return undefined;
  }
  const detail = rejected.get('detail');
  return {
    accepted: false,
    reason: rejected.get('reason') === 'split_order' ? 'split_order' : 'undecodable',
    field: null,
    detail: typeof detail === 'string' ? printable(detail) : '',
  };
}
