import { MedallionError, messageOf, withHint } from '../../errors.ts';
import {
  connect,
  describeServer,
  lostConnection,
  type Client,
  type ConnectionSettings,
} from '../../postgres/client.ts';
import { copyOut, type BinaryRow } from '../../postgres/copy-out.ts';

/** A connection to the older pipeline's server; what fails on it is told of that server, not of the warehouse. */
export interface Source {
  ask<T>(work: (client: Client) => Promise<T>): Promise<T>;
  copyOut(select: string): AsyncGenerator<BinaryRow>;
}

/** The older pipeline's server is away and may come back. The warehouse's own losses, which are the sink's, are none. */
export class SourceLost extends MedallionError {
  constructor({ code, message, hint, reason, cause }: MedallionError) {
    super(code, message, {
      ...(hint === undefined ? {} : { hint }),
      ...{ reason, retriable: true, cause },
    });
  }
}

/** The server as messages name it, beside the warehouse's. */
export function nameOf(settings: ConnectionSettings): string {
  return `the source PostgreSQL at ${describeServer(settings)}`;
}

/**
 * Runs `work` with a connection that is closed afterwards, whatever the server still sends.
 * @throws MedallionError unreachable (a SourceLost where it may pass), denied, input
 */
export async function withSource<T>(
  settings: ConnectionSettings,
  work: (source: Source) => Promise<T>,
): Promise<T> {
  const client = await connect(settings).catch((error: unknown) => {
    throw error instanceof MedallionError
      ? lossOf(
          withHint(error, 'Check --from or IMPORT_DATABASE_URL, and whether that server is up.'),
        )
      : error;
  });
  const told = (error: unknown): unknown => sourceError(error, settings);
  try {
    return await work({
      ask: (question) =>
        question(client).catch((error: unknown) => {
          throw told(error);
        }),
      async *copyOut(select) {
        const rows = copyOut(client, select);
        try {
          yield* rows;
        } catch (error) {
          throw told(error);
        }
      },
    });
  } finally {
    await client.end().catch(() => undefined);
  }
}

function sourceError(error: unknown, settings: ConnectionSettings): unknown {
  const known = lostConnection(error, settings);
  if (known instanceof MedallionError) {
    return lossOf(known);
  }
  const isOfServer = error instanceof Error && 'severity' in error;
  return isOfServer
    ? new MedallionError(
        'input',
        `PostgreSQL at ${describeServer(settings)} broke off: ${messageOf(error)}`,
        { hint: 'What has landed stays; run the command again to go on from there.', cause: error },
      )
    : error;
}

function lossOf(error: MedallionError): MedallionError {
  return error.retriable ? new SourceLost(error) : error;
}
