import type { Config } from '../config.ts';
import { logsOf } from '../config/kafka.ts';
import { formatOf, openDecoder } from '../format/open.ts';
import { decide, statusFor, type Decision } from '../maintain/dismiss.ts';
import { isOfTopic } from '../postgres/offsets.ts';
import { countSelected, type Selection, type Status } from '../postgres/quarantine.ts';
import { withSnapshot } from '../postgres/query.ts';
import type { PromoteResult } from '../promote/promote.ts';
import type { Decoding } from '../promote/run.ts';
import { formatCoordinates } from '../query/quarantine/coordinates.ts';
import { notQuarantined } from '../query/quarantine/show.ts';
import { atStart, DEFAULT_RETRY_POLICY } from '../retry.ts';
import { contextOf, withOpen, type CallOptions, type OpenWarehouse } from './call.ts';
import { checkEngine, withPromotions, type PromoteRequest } from './promote.ts';

export { MAX_EVENT_BYTES } from '../bronze/admission.ts';

/** What changes rejected events: to process them again, to dismiss them, to take that back. */
export interface ChangeRequest extends CallOptions {
  readonly selection: Omit<Selection, 'status'>;
  /** Asked before events are changed that were not named one by one; throws to leave them as they are. */
  readonly confirm: (events: number, status: Status) => Promise<void>;
}

export interface ReplayRequest
  extends
    ChangeRequest,
    Pick<PromoteRequest, 'layer' | 'engine' | 'chunkRows' | 'memoryLimit' | 'threads'> {
  /** Events that were too_large are taken up to this size. */
  readonly maxEventBytes: number;
}

/**
 * Processes open events again, and promotes those that pass.
 * @returns undefined where there was none
 * @throws MedallionError input, locked, check_failed
 */
export async function replayQuarantined(
  config: Config,
  request: ReplayRequest,
): Promise<PromoteResult | undefined> {
  checkEngine(request);
  const { selection, maxEventBytes } = request;
  return withOpen(config, request, async (warehouse) =>
    (await choose(warehouse, request, 'open')) === 0
      ? undefined
      : withPromotions(warehouse, request, (once) =>
          once({ replay: { selection, maxEventBytes, decoding: decodingOf(config, request) } }),
        ),
  );
}

/** How values of the topic of the configuration are decoded; undefined where they are JSON themselves. */
function decodingOf(config: Config, request: ReplayRequest): Decoding | undefined {
  const { maxEventBytes, retryFor = DEFAULT_RETRY_POLICY } = request;
  const format = formatOf(config);
  return (
    format && {
      isOf: (topic) => logsOf(config.log).some((log) => isOfTopic(log.topic, topic)),
      open: () =>
        openDecoder(config, format, contextOf(request), retryFor, maxEventBytes).catch(
          (error: unknown) => {
            throw atStart(error);
          },
        ),
    }
  );
}

/**
 * Dismisses open events, or reopens dismissed ones.
 * @returns how many; undefined where there was none
 * @throws MedallionError input, locked
 */
export async function decideQuarantined(
  config: Config,
  decision: Decision,
  request: ChangeRequest & { readonly note: string | undefined },
): Promise<number | undefined> {
  const { selection, note, arguments: commandLine = [] } = request;
  return withOpen(config, request, async (warehouse) =>
    (await choose(warehouse, request, statusFor(decision))) === 0
      ? undefined
      : decide(warehouse.settings, decision, {
          ...{ selection, note, arguments: commandLine },
        }),
  );
}

/** Counts the events that are to be changed, and asks where they were not named. */
async function choose(
  { settings, context }: OpenWarehouse,
  { selection, confirm }: ChangeRequest,
  status: Status,
): Promise<number> {
  const count = (chosen: Selection): Promise<number> =>
    withSnapshot(settings, context.signal, (client) => countSelected(client, chosen));
  const events = await count({ ...selection, status });
  if (selection.events === undefined && events > 0) {
    await confirm(events, status);
  } else if (selection.events === undefined) {
    context.emit({ type: 'note', message: `no ${status} event matches: nothing to do` });
  }
  // An event that was named and is not there is a mistake; one in another status has been dealt with.
  for (const event of selection.events ?? []) {
    if ((await count({ events: [event], status: 'all' })) === 0) {
      throw notQuarantined(event);
    }
    if ((await count({ events: [event], status })) === 0) {
      context.emit({
        type: 'warning',
        message: `${formatCoordinates(event)} is not ${status}: left unchanged`,
      });
    }
  }
  return events;
}
