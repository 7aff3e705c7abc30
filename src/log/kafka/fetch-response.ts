import { MedallionError } from '../../errors.ts';
import { hideAborted, type FetchedRecords } from './aborted.ts';
import { UndecodableRecords } from './codecs.ts';
import { requestDefinition } from './kafkajs-protocol.ts';
import { BATCH_HEAD_BYTES, batchesOf, cutOff, partitionsOf } from './record-batches.ts';

interface FetchResponse {
  readonly responses: readonly { readonly partitions: readonly FetchedRecords[] }[];
}

/** Batches that cannot be read and have been met once. */
const damagesMet = new Set<string>();

/**
 * Corrects how kafkajs reads fetch responses, in this process: records of aborted transactions are hidden, and a
 * batch that cannot be read is named.
 */
export function correctFetchResponses(): void {
  const definition = requestDefinition<unknown, FetchResponse>('Fetch');
  const original = definition.protocol;
  definition.protocol = (chosen) => {
    const protocol = original(chosen);
    return (options) => {
      const call = protocol(options);
      const decode = async (raw: Buffer): Promise<FetchResponse> => {
        checkBatches(raw, chosen.version);
        const decoded = await call.response.decode(raw).catch((error: unknown) => {
          throw namedFailure(error, raw, chosen.version);
        });
        for (const partition of decoded.responses.flatMap(({ partitions }) => partitions)) {
          hideAborted(partition);
        }
        return decoded;
      };
      return { ...call, response: { ...call.response, decode } };
    };
  };
}

/**
 * Cuts each partition off before the first batch that is damaged, so that what lies before it is read, and with it what
 * came from other partitions. A damaged batch that is all there is, and is met again, ends the read.
 */
function checkBatches(raw: Buffer, version: number): void {
  for (const partition of partitionsOf(raw, version)) {
    let records = 0;
    for (const batch of batchesOf(raw, partition)) {
      if (batch.damage !== undefined) {
        const failure = unreadable(partition, batch.firstOffset, batch.damage);
        if (records === 0 && damagesMet.has(failure.message)) {
          throw failure;
        }
        if (records === 0) {
          damagesMet.add(failure.message);
        }
        cutOff(raw, batch);
        break;
      }
      records += batch.records;
    }
  }
}

/** What a codec could not read, with the batch's coordinates. */
function namedFailure(error: unknown, raw: Buffer, version: number): unknown {
  if (!(error instanceof UndecodableRecords)) {
    return error;
  }
  const start = error.bytes.byteOffset - raw.byteOffset - BATCH_HEAD_BYTES;
  const partition = [...partitionsOf(raw, version)].find(
    (one) => one.start <= start && start < one.end,
  );
  return partition === undefined
    ? error
    : unreadable(partition, raw.readBigInt64BE(start), `cannot be decompressed: ${error.message}`);
}

function unreadable(
  { topic, partition }: { readonly topic: string; readonly partition: number },
  offset: bigint,
  why: string,
): MedallionError {
  return new MedallionError(
    'input',
    `cannot read partition ${partition} of topic "${topic}" any further: the batch at offset ${offset} ${why}`,
    {
      hint:
        'The events before it are in bronze, or the next run writes them. Another replica may have a good copy of the batch. ' +
        'To skip it, delete the records up to its end with kafka-delete-records.sh; ingest then records the gap.',
    },
  );
}
