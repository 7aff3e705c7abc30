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

/** A partition of a decoded fetch response. */
export interface FetchedRecords {
  /** Absent before version 4 of the response, which knows no transactions. */
  abortedTransactions?: AbortedTransaction[];
  messages: FetchedRecord[];
}

const ABORT_MARKER = Buffer.from([0, 0, 0, 0]);

/** Marks the records of aborted transactions, which end at their producer's next marker, and takes the list of those away. */
export function hideAborted(partition: FetchedRecords): void {
  const { abortedTransactions = [] } = partition;
  if (abortedTransactions.length === 0) {
    return;
  }
  const upcoming = abortedTransactions
    .map(({ producerId, firstOffset }) => ({ producerId, firstOffset: BigInt(firstOffset) }))
    .sort((a, b) => Number(a.firstOffset - b.firstOffset));
  const open = new Set<string>();
  partition.abortedTransactions = [];
  partition.messages = partition.messages.map((record) => {
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
