import { MedallionError } from '../../errors.ts';
import { counted } from '../../number.ts';
import type { CheckName, Comparison } from './comparison.ts';

/** What to do about a difference of each check. */
const ADVICE: Readonly<Record<CheckName, string>> = {
  'log-to-bronze':
    'log-to-bronze: restore these events from the log or a backup. ingest does not go back by itself. ' +
    'To read a topic that was recreated: medallion ingest --reset-offsets',
  'bronze-to-silver':
    'bronze-to-silver: to rebuild silver from bronze: medallion promote --full-refresh',
  'silver-to-gold':
    'silver-to-gold: to compute these days again: medallion promote --layer gold --since DAY --until DAY',
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
