import { setTimeout as sleep } from 'node:timers/promises';
import { MedallionError } from '../errors.ts';
import type { StageContext } from '../progress.ts';

/** Failures of a promotion that the next one may well not meet. A lost server has been waited for already. */
function isPassing(error: unknown): error is MedallionError {
  return (
    error instanceof MedallionError && (error.code === 'locked' || error.code === 'check_failed')
  );
}

/** Promotes again and again until it is stopped, with a pause in between; a passing failure is a warning. */
export async function onSchedule(
  everyMs: number,
  { signal, emit }: StageContext,
  promotion: () => Promise<void>,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await promotion();
    } catch (error) {
      if (!isPassing(error)) {
        throw error;
      }
      emit({
        type: 'warning',
        message: error.message,
        ...(error.hint === undefined ? {} : { hint: error.hint }),
      });
    }
    await sleep(everyMs, undefined, { signal }).catch(() => undefined);
  }
}
