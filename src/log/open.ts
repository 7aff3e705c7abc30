import type { Config } from '../config.ts';
import type { StageContext } from '../progress.ts';
import { landingLog } from './files/log.ts';
import { kafkaLog } from './kafka/log.ts';
import type { Log } from './log.ts';

/** The log that the configuration names: a Kafka topic, or the landing directory. Nothing is connected yet. */
export function openLog({ log, home }: Pick<Config, 'log' | 'home'>, context: StageContext): Log {
  return log.kind === 'kafka' ? kafkaLog(log, context) : landingLog(home, log.topic);
}
