import { throwIfInterrupted } from '../../errors.ts';
import { isText } from '../../event/text.ts';
import type { LogWriter, OutgoingRecord } from '../../log/log.ts';
import type { Client } from '../../postgres/client.ts';
import { type Coordinates, type Selection } from '../../postgres/quarantine.ts';
import { readPages } from '../../postgres/rows.ts';
import { formatCoordinates } from './coordinates.ts';
import { sqlOfChosen } from './chosen.ts';
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
  readonly field?: string;
  readonly detail?: string;
  /** How many there are; undefined where the event had no value. */
  readonly bytes?: number;
  /** Those of a small event. */
  readonly raw?: Buffer;
}

/** Events asked for at once, and the most bytes of one that comes along. */
const PAGE_EVENTS = 200;
const SMALL_BYTES = 40_000;
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
  const sql = sqlOfChosen('bytes', selection, [SMALL_BYTES]);
  for await (const page of readPages<Exported>(client, sql, PAGE_EVENTS)) {
    for (const event of page) {
      throwIfInterrupted(signal);
      const raw = event.raw ?? (event.bytes ? await readRaw(client, event) : null);
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
  }
  await writer.append(lines);
  return result;
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
  const { reason, field = null, detail = null } = event;
  return Buffer.from(
    JSON.stringify({
      quarantined: formatCoordinates(event),
      ...{ reason, field, detail },
      base64: raw.toString('base64'),
    }),
  );
}
