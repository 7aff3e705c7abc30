import { MedallionError, messageOf } from '../errors.ts';
import type { StageContext } from '../progress.ts';

/**
 * Runs works side by side until all have ended. When one fails, `stop` tells the others to end in their own time, as
 * an interruption would. What the first failed by is thrown, unless another met a defect; the rest are warnings.
 */
export async function together(
  works: readonly (() => Promise<void>)[],
  stop: () => void,
  { emit }: Pick<StageContext, 'emit'>,
): Promise<void> {
  const failures: unknown[] = [];
  await Promise.all(
    works.map((work) =>
      work().catch((error: unknown) => {
        if (!(error instanceof MedallionError && error.code === 'interrupted')) {
          failures.push(error);
        }
        stop();
      }),
    ),
  );
  if (failures.length === 0) {
    return;
  }
  const worst = failures.find((failure) => !(failure instanceof MedallionError)) ?? failures[0];
  // A server that stayed away is one thing to tell, whoever missed it.
  const others = new Set(failures.map(messageOf));
  others.delete(messageOf(worst));
  for (const message of others) {
    emit({ type: 'warning', message });
  }
  throw worst;
}
