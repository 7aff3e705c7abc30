import { rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Config } from '../config.ts';
import { landingDirectory, partitionFile } from '../log/files/landing.ts';
import { counted, grouped } from '../number.ts';
import { dropWarehouse, migrateWarehouse, withWarehouse } from '../postgres/warehouse.ts';
import type { PromoteResult } from '../promote/promote.ts';
import type { Report } from '../query/report/report.ts';
import { contextOf, type CallOptions } from './call.ts';
import { generate } from './generate.ts';
import { ingest } from './ingest.ts';
import { promote } from './promote.ts';
import { report } from './query.ts';

export interface DemoRequest extends CallOptions {
  /** Events to make, faults included. */
  readonly count: number;
  /** Another one for each call on the same home when left out. */
  readonly seed?: number | undefined;
  /** Forget what the embedded warehouse and the demo hold. */
  readonly fresh?: boolean | undefined;
  /** Rows of the sections that list leaders. */
  readonly top: number;
  readonly onPromoted: (result: PromoteResult) => void;
  readonly onReport: (page: Report) => Promise<void>;
}

const TOPIC = 'demo';
const FAULTS = { late: 0.02, duplicates: 0.02, corrections: 0.02, malformed: 0.01 };
const FIRST_SEED = 42;

/** The whole pipeline on made-up sales, in the home: no server of one's own is touched. */
export async function demo(given: Config, request: DemoRequest): Promise<void> {
  const config: Config = {
    ...given,
    warehouse: { kind: 'embedded' },
    log: { kind: 'landing', topic: TOPIC },
  };
  const { signal, onEvent, arguments: commandLine, count } = request;
  const call: CallOptions = { signal, onEvent, arguments: commandLine };
  const context = contextOf(request);
  const directory = landingDirectory(config.home);
  await withWarehouse(config, context, async (settings) => {
    if (request.fresh === true) {
      await dropWarehouse(settings);
      await migrateWarehouse(settings, config.project);
      await rm(path.join(directory, TOPIC), { recursive: true, force: true });
    }
    // One that follows from what earlier demos wrote.
    const written = await stat(partitionFile(directory, TOPIC, 0)).catch(() => undefined);
    const seed = request.seed ?? FIRST_SEED + (written?.size ?? 0);
    await generate(config, { ...call, count, seed, faults: FAULTS });
    const ingested = await ingest(config, call);
    const rejected = Object.values(ingested.quarantined).reduce((sum, events) => sum + events, 0);
    context.emit({
      type: 'step.finished',
      step: 'ingest',
      detail: `${counted(ingested.events, 'event')}, ${grouped(rejected)} quarantined`,
    });
    request.onPromoted(await promote(config, call));
    await request.onReport(await report(config, { ...call, top: request.top }));
  });
}
