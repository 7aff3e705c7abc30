import type { Config } from '../config.ts';
import {
  forget as forgetWith,
  planForget,
  type ForgetPlan,
  type ForgetResult,
} from '../maintain/forget/forget.ts';
import type { ForgetOptions } from '../maintain/forget/work.ts';
import { allModels } from '../model/load.ts';
import { describeServer } from '../config/server.ts';
import { loadSources } from '../source/read.ts';
import { READS, withOpen, type CallOptions, type OpenWarehouse } from './call.ts';

export { EXTRA } from '../maintain/forget/forget.ts';

export interface ForgetRequest extends CallOptions {
  /** The customer's id, as events have it. */
  readonly customer: string;
  /** Asked before anything changes, with what would and where; throws to let it stay. */
  readonly confirm?: ((plan: ForgetPlan, server: string) => Promise<void>) | undefined;
}

/**
 * What `forget` would change now.
 * @throws MedallionError not_found, check_failed
 */
export async function forgetPlan(
  config: Config,
  request: Omit<ForgetRequest, 'confirm'>,
): Promise<ForgetPlan> {
  const work = ({ settings, context }: OpenWarehouse): Promise<ForgetPlan> =>
    planForget(settings, optionsOf(config, request), context);
  return withOpen(config, request, work, READS);
}

/**
 * Takes a customer out of the warehouse.
 * @throws MedallionError not_found, locked, check_failed, storage, unreachable, interrupted
 */
export async function forget(config: Config, request: ForgetRequest): Promise<ForgetResult> {
  const { confirm } = request;
  const options = optionsOf(config, request);
  const work = async ({ settings, context }: OpenWarehouse): Promise<ForgetResult> => {
    await confirm?.(await planForget(settings, options, context), describeServer(settings));
    return forgetWith(settings, options, context);
  };
  return withOpen(config, request, work, READS);
}

function optionsOf(
  { project, duckdb }: Config,
  { customer, arguments: commandLine = [] }: Omit<ForgetRequest, 'confirm'>,
): ForgetOptions {
  const shipped = allModels(project).filter(({ isOfProject }) => !isOfProject);
  return {
    ...{ customer: customer.trim(), sources: loadSources(project), duckdb },
    shippedTables: new Set(shipped.map(({ id }) => id)),
    arguments: commandLine.map((argument) => argument.replaceAll(customer, '***')),
  };
}
