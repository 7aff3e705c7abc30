import type { Gap, LogRecord, RecordBatch, Sink, StoredOffset } from '../../src/log/log.ts';

/** What the books say, kept in memory and shared by the consumers of a test. Its compare-and-set is the seam's. */
export class MemorySink implements Sink {
  /** Sinks of one name are of one warehouse. */
  warehouse = 'memory';
  readonly stored = new Map<string, StoredOffset>();
  readonly written: RecordBatch[] = [];
  readonly refused: RecordBatch[] = [];
  /** For tests in which several readers share the books: what one of them landed. */
  readonly own: RecordBatch[] = [];
  readonly gaps: Gap[] = [];
  readonly warnings: string[] = [];
  /** Called before a batch lands. */
  beforeLand: (batch: RecordBatch) => Promise<void> | void = () => undefined;

  identity(): Promise<string> {
    return Promise.resolve(this.warehouse);
  }

  storedOffsets(partitions: Parameters<Sink['storedOffsets']>[0]): Promise<StoredOffset[]> {
    const found = partitions.flatMap((partition) => this.stored.get(keyOf(partition)) ?? []);
    return Promise.resolve(found);
  }

  async write(batch: RecordBatch): Promise<boolean> {
    await this.beforeLand(batch);
    const stored = this.stored.get(keyOf(batch));
    if (stored !== undefined && stored.nextOffset !== batch.fromOffset) {
      this.refused.push(batch);
      return false;
    }
    this.store(batch, batch.nextOffset, batch.source);
    this.written.push(batch);
    return true;
  }

  recordGap(gap: Gap, source: string): Promise<void> {
    if (this.stored.get(keyOf(gap))?.nextOffset === gap.from) {
      this.gaps.push(gap);
      this.store(gap, gap.to, source);
    }
    return Promise.resolve();
  }

  resetOffset(stored: StoredOffset, place: StoredOffset): Promise<boolean> {
    const isAsRead = this.stored.get(keyOf(place)) === stored;
    if (isAsRead) {
      this.store(place, place.nextOffset, place.source);
    }
    return Promise.resolve(isAsRead);
  }

  warn(message: string): void {
    this.warnings.push(message);
  }

  store(at: { topic: string; partition: number }, nextOffset: bigint, source: string): void {
    const { topic, partition } = at;
    this.stored.set(keyOf(at), { topic, partition, nextOffset, source, position: null });
  }

  get records(): LogRecord[] {
    return this.written.flatMap(({ records }) => records);
  }

  /** Values as text, in the order they landed. */
  get values(): (string | null)[] {
    return this.records.map(({ value }) => value?.toString('utf8') ?? null);
  }

  /** "partition/offset" of every record that landed. */
  get coordinates(): string[] {
    return this.written.flatMap(({ partition, records }) =>
      records.map(({ offset }) => `${partition}/${offset}`),
    );
  }
}

function keyOf({ topic, partition }: { topic: string; partition: number }): string {
  return `${topic}/${partition}`;
}
