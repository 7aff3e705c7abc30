import { MedallionError } from '../../errors.ts';
import { counted } from '../../number.ts';
import type { CheckName, Comparison } from './comparison.ts';

/** What to do about a difference of each check. */
const ADVICE: Readonly<Record<CheckName, string>> = {
  'log-to-bronze':
    'log-to-bronze: restore the events named from the log or a backup: ingest does not go back by itself. ' +
    'A topic that was recreated is read with medallion ingest --reset-offsets.',
  'bronze-to-silver':
    'bronze-to-silver: medallion promote --full-refresh makes silver again from what bronze holds.',
  'silver-to-gold':
    'silver-to-gold: medallion promote --layer gold --since DAY --until DAY computes the days named again.',
};
/** Lines of the message; the table has them all. */
const MOST_LINES = 20;

/** The differences, one line each, as the error that they are. */
export function differenceError(different: readonly Comparison[]): MedallionError {
  const lines = different.slice(0, MOST_LINES).map(({ check, scope, measure, note, ...line }) => {
    const detail = note === null ? '' : ` (${note})`;
    return `${check} ${scope}: ${measure} ${line.found} of ${line.expected}, difference ${line.difference}${detail}`;
  });
  const left = different.length - lines.length;
  const checks = [...new Set(different.map(({ check }) => check))];
  return new MedallionError(
    'check_failed',
    [
      counted(different.length, 'difference'),
      ...lines,
      ...(left > 0 ? [`and ${left} more`] : []),
    ].join('\n'),
    { hint: checks.map((check) => ADVICE[check]).join('\n') },
  );
}
