import { usageError } from '../../errors.ts';
import type { Log } from '../log.ts';
import { landingLag } from './extent.ts';
import { landingDirectory, landingFiles, landingTopic } from './landing.ts';
import { openLandingReader } from './reader.ts';
import { openLandingWriter } from './writer.ts';

/** A topic of the landing directory as a log. */
export function landingLog(home: string, topic: string): Log {
  return {
    name: `landing directory of ${topic}`,
    topic: landingTopic(topic),
    whenEmpty: 'medallion generate writes events to the landing directory',
    group: () => undefined,
    read: () => Promise.resolve(openLandingReader(home, topic)),
    async write({ partitions = 1, compression } = {}) {
      if (compression !== undefined) {
        throw usageError(
          '--compression works only for events written to Kafka',
          'To compress a file, give it a name that ends in .gz: --to sales.ndjson.gz',
        );
      }
      return openLandingWriter({ directory: landingDirectory(home), topic, partitions });
    },
    lag: async (recorded) => landingLag(await landingFiles(home, topic), recorded),
    async extent() {
      const files = await landingFiles(home, topic);
      return files.map(({ path: source, partition }) => ({
        partition,
        source,
        offsets: undefined,
      }));
    },
  };
}
