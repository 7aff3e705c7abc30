import type { Consumer, Kafka } from 'kafkajs';
import { createAssigner } from './assigner.ts';

// A batch of one partition is 8,000 to 11,000 events of the usual size: enough for COPY to be at its best.
const MAX_BYTES_PER_PARTITION = 12 * 1024 * 1024;
const MAX_BYTES = 24 * 1024 * 1024;
/** How long a broker may wait for data, and with it how long a partition just taken over waits for its first fetch. */
const MAX_WAIT_MS = 200;
/** A follower lets a little come together, so that a trickle of events is no trickle of transactions. */
const FOLLOW_MIN_BYTES = 64 * 1024;
/** A member that was killed blocks the others of its group this long. */
const SESSION_TIMEOUT_MS = 15_000;
export const HEARTBEAT_MS = 3_000;
const REBALANCE_TIMEOUT_MS = 30_000;
const GROUP_RETRY = { initialRetryTime: 100, maxRetryTime: 1_500, multiplier: 2, factor: 0.2 };

export interface ConsumerSettings {
  readonly follow: boolean;
  readonly metadataMaxAgeMs: number;
  /** Names the warehouse that it reads for. */
  readonly warehouse: string;
}

/** A member of the group that reads in large batches, commits nothing by itself and does not restart by itself. */
export function createConsumer(
  kafka: Kafka,
  groupId: string,
  { follow, metadataMaxAgeMs, warehouse }: ConsumerSettings,
): Consumer {
  return kafka.consumer({
    groupId,
    partitionAssigners: [createAssigner(warehouse)],
    allowAutoTopicCreation: false,
    metadataMaxAge: metadataMaxAgeMs,
    sessionTimeout: SESSION_TIMEOUT_MS,
    heartbeatInterval: HEARTBEAT_MS,
    rebalanceTimeout: REBALANCE_TIMEOUT_MS,
    maxBytesPerPartition: MAX_BYTES_PER_PARTITION,
    maxBytes: MAX_BYTES,
    minBytes: follow ? FOLLOW_MIN_BYTES : 1,
    maxWaitTimeInMs: MAX_WAIT_MS,
    // A crash ends the session; whether there is another one is the reader's decision.
    retry: { ...GROUP_RETRY, retries: 8, restartOnFailure: () => Promise.resolve(false) },
  });
}
