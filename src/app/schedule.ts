import { setTimeout as sleep } from 'node:timers/promises';
import { MedallionError } from '../errors.ts';
import type { StageContext } from '../progress.ts';

/** Failures of a promotion that the next one may well not meet. A lost server has been waited for already. */
function isPassing(error: unknown): error is MedallionError {
  return (
    error instanceof MedallionError && (error.code === 'locked' || error.code === 'check_failed')
  );
}

/**
 * Promotes again and again until it is stopped, from start to start in an interval, or at once where a promotion takes
 * longer; a passing failure is a warning.
 */
export async function onSchedule(
  everyMs: number,
  { signal, emit }: StageContext,
  promotion: () => Promise<void>,
): Promise<void> {
  while (!signal.aborted) {
    const started = performance.now();
    try {
      await promotion();
    } catch (error) {
      if (!isPassing(error)) {
        throw error;
      }
      emit({ type: 'warning', message: error.message, hint: error.hint });
    }
    const pause = everyMs - (performance.now() - started);
    await sleep(Math.max(0, pause), undefined, { signal }).catch(() => undefined);
  }
}
