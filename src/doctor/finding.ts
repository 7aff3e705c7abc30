import { once } from 'node:events';
import type { Config } from '../config.ts';
import { MedallionError, messageOf, throwIfInterrupted, type ErrorCode } from '../errors.ts';
import type { StageContext } from '../progress.ts';

/** One thing that was looked at, and how it is. */
export interface Finding {
  readonly title: string;
  readonly status: 'ok' | 'warn' | 'fail';
  /** What was found: a version, an address, the failure. */
  readonly found: string;
  /** What to do about it; nothing where all is well. */
  readonly advice: string | undefined;
  /** What kind of failure it is; only with `fail`. */
  readonly code: ErrorCode | undefined;
}

/** A look at one part of the set-up. It changes nothing; what it throws becomes a finding that fails. */
export interface Check {
  readonly title: string;
  /** After so many milliseconds it has failed. */
  readonly limitMs: number;
  readonly run: (config: Config, context: StageContext) => Promise<readonly Finding[]>;
}

export function ok(title: string, found: string): Finding {
  return { title, status: 'ok', found, advice: undefined, code: undefined };
}

export function warn(title: string, found: string, advice: string | undefined): Finding {
  return { title, status: 'warn', found, advice, code: undefined };
}

/** What an error means to the person who set things up; one that nobody foresaw counts as a matter of set-up here. */
export function fail(title: string, error: unknown): Finding {
  const { code, hint } =
    error instanceof MedallionError ? error : { code: 'config' as const, hint: undefined };
  return { title, status: 'fail', found: messageOf(error), advice: hint, code };
}

/** The findings of a check, which are there within its limit whatever it waits for. */
export async function examine(
  check: Check,
  config: Config,
  context: StageContext,
): Promise<readonly Finding[]> {
  const limit = AbortSignal.timeout(check.limitMs);
  const signal = AbortSignal.any([context.signal, limit]);
  try {
    return await Promise.race([check.run(config, { ...context, signal }), whenAborted(signal)]);
  } catch (error) {
    throwIfInterrupted(context.signal);
    return [fail(check.title, limit.aborted ? tooLate(check) : error)];
  }
}

async function whenAborted(signal: AbortSignal): Promise<never> {
  await once(signal, 'abort');
  throw new MedallionError('interrupted', 'interrupted');
}

function tooLate(check: Check): MedallionError {
  return new MedallionError('unreachable', `no answer within ${check.limitMs / 1000} s`, {
    hint: 'Something accepts the connection and does not answer: a firewall on the way, or a server in trouble.',
  });
}
