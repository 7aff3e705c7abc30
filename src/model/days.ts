import type { Model } from './model.ts';

/**
 * Whether the rows of a day follow from the facts of that day alone: those of facts do, and those of a view by day over
 * nothing else. A view that also looks at other days, as for what a customer said before, has an input without days.
 */
export function isMadeByDay(model: Model, models: readonly Model[]): boolean {
  return (
    model.window !== undefined &&
    (model.load === 'replace_transactions' ||
      (model.load === 'view' &&
        model.inputs.every((id) => {
          const input = models.find((one) => one.id === id);
          return input !== undefined && isMadeByDay(input, models);
        })))
  );
}

/**
 * Whether a mart may say something else of a day whose facts are the same: it reads, perhaps through another mart, what
 * any event may change.
 */
export function readsBeyondDays(mart: Model, models: readonly Model[]): boolean {
  return mart.inputs.some((id) => {
    const input = models.find((one) => one.id === id);
    return (
      input !== undefined &&
      !isFixed(input) &&
      (input.layer === 'gold' ? readsBeyondDays(input, models) : !isMadeByDay(input, models))
    );
  });
}

/** Whether a promotion leaves the rows that are there as they are. */
export function isFixed({ load }: Model): boolean {
  return load === 'seed' || load === 'insert_new';
}
