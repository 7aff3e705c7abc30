import { throwIfInterrupted } from '../../errors.ts';
import { isText } from '../../event/text.ts';
import type { LogWriter, OutgoingRecord } from '../../log/log.ts';
import type { Client } from '../../postgres/client.ts';
import { type Coordinates, type Selection } from '../../postgres/quarantine.ts';
import { readRows } from '../../postgres/rows.ts';
import { rowsOf } from '../ask.ts';
import { formatCoordinates } from './coordinates.ts';
import { askChosen, placeOf } from './chosen.ts';
import { readRaw } from './raw.ts';

export interface ExportResult {
  /** Events written, and how many of them in an envelope, because they are no line of text. */
  events: number;
  enveloped: number;
  /** Events that had no value: there is nothing to write. */
  empty: number;
}

interface Exported extends Coordinates {
  readonly reason: string;
  readonly field: string | null;
  readonly detail: string | null;
  readonly bytes: number | null;
}

/** Events asked for at once, and bytes of theirs. */
const PAGE_EVENTS = 1_000;
const BATCH_BYTES = 8 << 20;
/** Bytes of lines written at once. */
const WRITE_BYTES = 1 << 20;

/**
 * Writes the events meant as lines, in the order of the log: each as it was received, where that is a line of text.
 * Line ends inside JSON become spaces. What else is no line, or not whole, comes as JSON with the bytes in base64.
 * @throws MedallionError storage, interrupted
 */
export async function exportQuarantined(
  client: Client,
  selection: Selection,
  writer: LogWriter,
  signal: AbortSignal,
): Promise<ExportResult> {
  const result: ExportResult = { events: 0, enveloped: 0, empty: 0 };
  let lines: OutgoingRecord[] = [];
  let bytes = 0;
  for await (const { event, raw } of readEvents(client, selection)) {
    throwIfInterrupted(signal);
    if (raw === null || raw.length === 0) {
      result.empty += 1;
      continue;
    }
    const line = lineOf(event, raw);
    result.events += 1;
    result.enveloped += line === undefined ? 1 : 0;
    const value = line ?? envelope(event, raw);
    lines.push({ key: '', value });
    bytes += value.length;
    if (bytes >= WRITE_BYTES) {
      await writer.append(lines);
      lines = [];
      bytes = 0;
    }
  }
  await writer.append(lines);
  return result;
}

async function* readEvents(
  client: Client,
  selection: Selection,
): AsyncGenerator<{ event: Exported; raw: Buffer | null }> {
  let last: Coordinates | undefined;
  for (;;) {
    const page = await readPage(client, selection, last);
    last = page.at(-1);
    if (last === undefined) {
      return;
    }
    let batch: Exported[] = [];
    let bytes = 0;
    for (const event of page) {
      if (batch.length > 0 && bytes + (event.bytes ?? 0) > BATCH_BYTES) {
        yield* readBatch(client, batch);
        batch = [];
        bytes = 0;
      }
      batch.push(event);
      bytes += event.bytes ?? 0;
    }
    yield* readBatch(client, batch);
  }
}

async function readPage(
  client: Client,
  selection: Selection,
  after: Coordinates | undefined,
): Promise<Exported[]> {
  const table = await askChosen(client, 'page', selection, [
    ...[PAGE_EVENTS, after?.topic ?? null, after?.partition ?? null, after?.offset ?? null],
  ]);
  type Name = 'topic' | 'partition' | 'offset' | 'reason' | 'field' | 'detail' | 'bytes';
  return rowsOf<Name>(table).map((row) => ({
    ...placeOf(row),
    ...{ reason: row.reason ?? '', field: row.field, detail: row.detail },
    bytes: row.bytes === null ? null : Number(row.bytes),
  }));
}

/** One event of any size, or several that are small together. */
async function* readBatch(
  client: Client,
  batch: readonly Exported[],
): AsyncGenerator<{ event: Exported; raw: Buffer | null }> {
  const [first] = batch;
  if (batch.length === 1 && first !== undefined) {
    yield { event: first, raw: await readRaw(client, first) };
    return;
  }
  const rows = await readRows<{ n: bigint; raw?: Buffer }>(client, 'query/quarantine/raws', [
    batch.map(({ topic }) => topic),
    batch.map(({ partition }) => partition),
    batch.map(({ offset }) => String(offset)),
  ]);
  for (const { n, raw = null } of rows) {
    const event = batch[Number(n) - 1];
    if (event !== undefined) {
      yield { event, raw };
    }
  }
}

const NEWLINE = 0x0a;

/** The event as one line that ingest reads as the same event; undefined when it cannot be one. */
function lineOf(event: Exported, raw: Buffer): Buffer | undefined {
  if (!isText(raw) || isCut(event, raw) || raw.every(isBlank)) {
    return undefined;
  }
  if (!raw.includes(NEWLINE)) {
    return raw;
  }
  // JSON has line ends only between its parts.
  return isJson(raw) ? Buffer.from(raw.map((byte) => (byte === NEWLINE ? 0x20 : byte))) : undefined;
}

/** Whether only the beginning of the event was kept, as its detail says. */
function isCut({ reason, detail }: Exported, raw: Buffer): boolean {
  return reason === 'too_large' && Number(/^\d+/.exec(detail ?? '')?.[0]) !== raw.length;
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}

function isJson(raw: Buffer): boolean {
  try {
    JSON.parse(raw.toString('utf8'));
    return true;
  } catch {
    return false;
  }
}

function envelope(event: Exported, raw: Buffer): Buffer {
  const { reason, field, detail } = event;
  return Buffer.from(
    JSON.stringify({
      quarantined: formatCoordinates(event),
      ...{ reason, field, detail },
      base64: raw.toString('base64'),
    }),
  );
}
