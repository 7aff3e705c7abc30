/** Above these an alert fires, and the tile of its figure is red. */
export const LIMITS = {
  /** Orders that earlier weeks had while nothing has come in. */
  missedOrders: 10,
  /** Seconds for which an event waits for promotion. */
  wait: 900,
  /** Events that wait for it. */
  waiting: 100_000,
  /** Percent of the events that were judged. */
  rejected: 5,
  /** Hours since the last complete promotion. */
  sincePromotion: 26,
  /** Runs or checks. */
  failed: 0,
} as const;
