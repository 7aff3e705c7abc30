import type { Config } from '../config.ts';
import { logsOf } from '../config/kafka.ts';
import { MedallionError } from '../errors.ts';
import type { StageContext } from '../progress.ts';
import { landingLog } from './files/log.ts';
import { kafkaLog } from './kafka/log.ts';
import type { Log } from './log.ts';

/**
 * The log that the configuration names: a Kafka topic, or the landing directory. Nothing is connected yet.
 * @throws MedallionError usage, where it names several
 */
export function openLog(config: Pick<Config, 'log' | 'home'>, context: StageContext): Log {
  const [log, ...others] = openLogs(config, context);
  if (log === undefined || others.length > 0) {
    throw new MedallionError(
      'usage',
      'this command works with one topic only, and several are named',
      {
        hint: 'Name one with --topic. Only ingest, run, status and reconcile work with several.',
      },
    );
  }
  return log;
}

/** All logs that the configuration names: as many as topics. */
export function openLogs(
  { log, home }: Pick<Config, 'log' | 'home'>,
  context: StageContext,
): Log[] {
  return logsOf(log).map((one) =>
    one.kind === 'kafka' ? kafkaLog(one, context) : landingLog(home, one.topic),
  );
}
