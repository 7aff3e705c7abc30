import type { Config } from '../config.ts';
import { sparkRemote } from '../config/spark.ts';
import type { checkModels as checkWith } from '../engine/spark/check.ts';
import type { Model } from '../model/model.ts';

/**
 * Has the cluster that the settings name analyse the select of every model that it would compute.
 * @throws MedallionError config, unreachable, denied
 */
export async function checkModels(
  { spark }: Pick<Config, 'spark'>,
  models: readonly Model[],
): ReturnType<typeof checkWith> {
  const remote = sparkRemote(spark);
  // Loaded where it is wanted.
  const check = await import('../engine/spark/check.ts');
  return check.checkModels(remote, models);
}
