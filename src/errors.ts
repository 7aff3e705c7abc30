/**
 * Every expected failure, as a closed list: the code says what kind it is, the table says how the process ends.
 */
export const EXIT_CODES = {
  usage: 2,
  config: 2,
  model: 2,
  input: 2,
  source_changed: 2,
  unreachable: 3,
  denied: 3,
  storage: 3,
  check_failed: 4,
  not_found: 4,
  locked: 5,
  interrupted: 130,
} as const;

/** What each of these, and the others that a process may end with, tell a script. */
export const EXIT_MEANINGS = {
  0: 'done, or nothing to do',
  1: 'a defect of medallion',
  2: 'usage, configuration, input',
  3: 'a service cannot be reached, or rejects the request',
  4: 'data rejected by a check, a difference, a limit broken, nothing found',
  5: 'another run holds the lock',
  130: 'interrupted; what was committed stays, the next run goes on',
  141: 'interrupted by the reader of its output, which has gone',
} as const;

export type ErrorCode = keyof typeof EXIT_CODES;

export interface ErrorOptions {
  /** What the reader can do next, as a sentence. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
  /** True when the same call may succeed later: a connection that was lost, not a password that is wrong. */
  readonly retriable?: boolean;
  /** Why, in a few words, for a line that names the place itself: "connection refused". */
  readonly reason?: string;
  /** What does not answer, where that is another place than the one that is expected to: "Spark at host:15002". */
  readonly server?: string | undefined;
}

/** A failure that medallion foresees: what happened, what to do next, and how the process ends. */
export class MedallionError extends Error {
  override readonly name = 'MedallionError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly retriable: boolean;
  readonly reason: string;
  readonly server: string | undefined;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.retriable = options.retriable ?? false;
    this.reason = options.reason ?? message;
    this.server = options.server;
  }

  get exitCode(): number {
    return EXIT_CODES[this.code];
  }
}

/** A command line, or a call, that cannot be meant. */
export function usageError(message: string, hint?: string): MedallionError {
  return new MedallionError('usage', message, { hint });
}

/** The text of anything thrown. AggregateErrors (a refused connection to localhost is one) speak through their first part. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') {
    return messageOf(error.errors[0]);
  }
  return error instanceof Error ? error.message : String(error);
}

/** What a long complaint begins with. */
export function firstLine(message: string): string {
  return message.trim().split('\n')[0] ?? '';
}

/** The `code` of a system, driver or server error ('ECONNREFUSED', '28P01'), if it has one. */
export function codeOf(error: unknown): string | undefined {
  if (error instanceof AggregateError && !('code' in error)) {
    return codeOf(error.errors[0]);
  }
  if (typeof error === 'object' && error !== null && 'code' in error) {
    return typeof error.code === 'string' ? error.code : undefined;
  }
  return undefined;
}

/** Whether the same call may succeed later. */
export function isRetriable(error: unknown): error is MedallionError {
  return error instanceof MedallionError && error.retriable;
}

/** The failure with something else to say of it. */
export function changed(
  error: MedallionError,
  { message = error.message, ...changes }: ErrorOptions & { readonly message?: string },
): MedallionError {
  const { code, hint, reason, retriable, server } = error;
  return new MedallionError(code, message, {
    ...{ hint, reason, retriable, server, cause: error },
    ...changes,
  });
}

/** The failure with another hint, where a stage knows better than its parts what state things are in. */
export function withHint(error: MedallionError, hint: string): MedallionError {
  return changed(error, { hint });
}

/** Throws the interruption error once the signal has fired. */
export function throwIfInterrupted(signal: AbortSignal): void {
  if (signal.aborted) {
    throw new MedallionError('interrupted', 'interrupted');
  }
}
