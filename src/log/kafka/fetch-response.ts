import { createRequire } from 'node:module';

/**
 * kafkajs 2.2.4, the last release, takes a fetch response's list of aborted transactions as sorted by their first
 * offset. Brokers sort it by the last one: where transactions overlap, kafkajs hands out aborted records as if they
 * were committed. Here the records are judged where the response is decoded, and aborted ones are marked as control
 * records, which kafkajs passes without a word, offsets included.
 */

interface FetchedRecord {
  readonly offset: string;
  readonly key: Buffer | null;
  readonly isControlRecord: boolean;
  readonly batchContext: { readonly producerId: string; readonly inTransaction: boolean };
}

interface AbortedTransaction {
  readonly producerId: string;
  readonly firstOffset: string;
}

interface FetchedPartition {
  /** Absent before version 4 of the response, which knows no transactions. */
  abortedTransactions?: AbortedTransaction[];
  messages: FetchedRecord[];
}

interface FetchResponse {
  readonly responses: readonly { readonly partitions: readonly FetchedPartition[] }[];
}

interface FetchCall {
  readonly response: { readonly decode: (raw: Buffer) => Promise<FetchResponse> };
}

interface FetchDefinition {
  protocol: (version: unknown) => (options: unknown) => FetchCall;
}

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
  requests.Fetch.protocol = (version) => {
    const protocol = original(version);
    return (options) => {
      const call = protocol(options);
      const decode = async (raw: Buffer): Promise<FetchResponse> => {
        const decoded = await call.response.decode(raw);
        hideAborted(decoded);
        return decoded;
      };
      return { ...call, response: { ...call.response, decode } };
    };
  };
}

function hideAborted(response: FetchResponse): void {
  for (const partition of response.responses.flatMap(({ partitions }) => partitions)) {
    const { abortedTransactions } = partition;
    if (abortedTransactions !== undefined && abortedTransactions.length > 0) {
      partition.messages = withoutAborted(partition.messages, abortedTransactions);
      partition.abortedTransactions = [];
    }
  }
}

/** The records, those of aborted transactions marked. A transaction ends at its producer's next marker. */
function withoutAborted(
  records: readonly FetchedRecord[],
  aborted: readonly AbortedTransaction[],
): FetchedRecord[] {
  const upcoming = aborted
    .map(({ producerId, firstOffset }) => ({ producerId, firstOffset: BigInt(firstOffset) }))
    .sort((a, b) => Number(a.firstOffset - b.firstOffset));
  const open = new Set<string>();
  return records.map((record) => {
    for (let next = upcoming[0]; next !== undefined && next.firstOffset <= BigInt(record.offset);) {
      open.add(next.producerId);
      upcoming.shift();
      next = upcoming[0];
    }
    const { producerId, inTransaction } = record.batchContext;
    if (record.isControlRecord) {
      if (record.key?.equals(ABORT_MARKER) === true) {
        open.delete(producerId);
      }
      return record;
    }
    return inTransaction && open.has(producerId) ? { ...record, isControlRecord: true } : record;
  });
}
