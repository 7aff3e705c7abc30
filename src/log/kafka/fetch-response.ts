import { createRequire } from 'node:module';

/**
 * kafkajs 2.2.4, the last release, reads two things wrong in what a broker answers to a fetch:
 *
 * - It takes the list of aborted transactions as sorted by their first offset. Brokers sort by the last one, so where
 *   transactions overlap it hands out aborted records as if they were committed.
 * - It knows of a record batch only the records. Compaction leaves batches without any, and holes at their ends: the
 *   first stop it for good, the others are passed one offset a fetch.
 *
 * Both are set right where the answer is decoded. A hole at the end becomes a control record, as transactions leave
 * there: kafkajs passes those by itself.
 */

interface FetchedRecord {
  readonly offset: string;
  readonly key: Buffer | null;
  readonly isControlRecord: boolean;
  readonly batchContext: { readonly producerId?: string; readonly inTransaction?: boolean };
}

interface AbortedTransaction {
  readonly producerId: string;
  readonly firstOffset: string;
}

interface FetchedPartition {
  readonly partition: number;
  abortedTransactions: AbortedTransaction[] | null;
  messages: FetchedRecord[];
}

interface FetchResponse {
  readonly responses: readonly {
    readonly topicName: string;
    readonly partitions: readonly FetchedPartition[];
  }[];
}

interface FetchCall {
  readonly response: { readonly decode: (raw: Buffer) => Promise<FetchResponse> };
}

interface FetchDefinition {
  protocol: (choice: { version: number }) => (options: unknown) => FetchCall;
}

/** The layout read below; brokers since 2.3 speak it, and kafkajs speaks none later. */
const KNOWN_VERSION = 11;
const ABORT_MARKER = Buffer.from([0, 0, 0, 0]);

const { requests } = createRequire(import.meta.url)('kafkajs/src/protocol/requests/index.js') as {
  requests: { Fetch: FetchDefinition };
};
let isCorrected = false;

/** Corrects kafkajs in this process, once. */
export function correctFetchResponses(): void {
  if (isCorrected) {
    return;
  }
  isCorrected = true;
  const original = requests.Fetch.protocol;
  requests.Fetch.protocol = (choice) => {
    const protocol = original(choice);
    return (options) => {
      const call = protocol(options);
      const decode = async (raw: Buffer): Promise<FetchResponse> => {
        const decoded = await call.response.decode(raw);
        correct(decoded, choice.version === KNOWN_VERSION ? lastOffsets(raw) : new Map());
        return decoded;
      };
      return { ...call, response: { ...call.response, decode } };
    };
  };
}

function correct(response: FetchResponse, ends: ReadonlyMap<string, bigint>): void {
  for (const { topicName, partitions } of response.responses) {
    for (const partition of partitions) {
      if (partition.abortedTransactions !== null && partition.abortedTransactions.length > 0) {
        partition.messages = withoutAborted(partition.messages, partition.abortedTransactions);
        partition.abortedTransactions = [];
      }
      const end = ends.get(`${topicName}/${partition.partition}`);
      const last = partition.messages.at(-1);
      if (end !== undefined && (last === undefined || BigInt(last.offset) < end)) {
        partition.messages.push({
          offset: String(end),
          key: null,
          isControlRecord: true,
          batchContext: {},
        });
      }
    }
  }
}

/** The records that no aborted transaction wrote. A transaction ends at its producer's next marker. */
function withoutAborted(
  records: readonly FetchedRecord[],
  aborted: readonly AbortedTransaction[],
): FetchedRecord[] {
  const upcoming = aborted
    .map(({ producerId, firstOffset }) => ({ producerId, firstOffset: BigInt(firstOffset) }))
    .sort((a, b) => Number(a.firstOffset - b.firstOffset));
  const open = new Set<string>();
  return records.filter(({ offset, key, isControlRecord, batchContext }) => {
    for (let next = upcoming[0]; next !== undefined && next.firstOffset <= BigInt(offset);) {
      open.add(next.producerId);
      upcoming.shift();
      next = upcoming[0];
    }
    const { producerId = '', inTransaction = false } = batchContext;
    if (isControlRecord) {
      if (key?.equals(ABORT_MARKER) === true) {
        open.delete(producerId);
      }
      return true;
    }
    return !(inTransaction && open.has(producerId));
  });
}

/** The last offset of the last whole record batch of each partition ("topic/0") in a fetch response of version 11. */
function lastOffsets(raw: Buffer): Map<string, bigint> {
  const ends = new Map<string, bigint>();
  let at = 4 + 2 + 4; // throttle time, error code, session
  const int32 = (): number => {
    at += 4;
    return raw.readInt32BE(at - 4);
  };
  for (let topics = int32(); topics > 0; topics -= 1) {
    const length = raw.readInt16BE(at);
    const topic = raw.toString('utf8', at + 2, at + 2 + length);
    at += 2 + length;
    for (let partitions = int32(); partitions > 0; partitions -= 1) {
      const partition = int32();
      at += 2 + 8 + 8 + 8; // error code, high watermark, last stable offset, log start
      const aborted = Math.max(0, int32());
      at += aborted * 16 + 4; // aborted transactions, preferred replica
      const size = Math.max(0, int32());
      const end = lastOffset(raw.subarray(at, at + size));
      if (end !== undefined) {
        ends.set(`${topic}/${partition}`, end);
      }
      at += size;
    }
  }
  return ends;
}

/** Walks the headers of record batches of format 2; older formats have none. */
function lastOffset(batches: Buffer): bigint | undefined {
  const HEADER_BYTES = 61;
  let end: bigint | undefined;
  for (let at = 0; at + HEADER_BYTES <= batches.length;) {
    const next = at + 12 + batches.readInt32BE(at + 8);
    if (batches[at + 16] !== 2 || next > batches.length) {
      break;
    }
    end = batches.readBigInt64BE(at) + BigInt(batches.readInt32BE(at + 23));
    at = next;
  }
  return end;
}
