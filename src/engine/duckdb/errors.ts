import { MedallionError, messageOf } from '../../errors.ts';

/** What DuckDB's own words mean for the person who runs it; DuckDB has no codes for these. */
const FORESEEN: readonly {
  readonly words: RegExp;
  readonly as: (message: string) => MedallionError;
}[] = [
  {
    words: /permission denied for|must be owner of/i,
    as: (message) =>
      new MedallionError('denied', `PostgreSQL refused the promotion: ${reasonIn(message)}`, {
        hint: 'A user that promotes owns the tables: medallion db grant owner USER, as the owner of the database.',
      }),
  },
  {
    words:
      /certificate verify failed|server certificate|server does not support SSL|root certificate/i,
    as: (message) =>
      new MedallionError(
        'denied',
        `no trusted TLS connection to PostgreSQL: ${reasonIn(message)}`,
        {
          hint: 'sslrootcert in DATABASE_URL, or PGSSLROOTCERT, names the file of the certificate authority.',
        },
      ),
  },
  {
    words:
      /server closed the connection|unable to connect to postgres|connection to server|connection not open|terminating connection|could not connect|no connection to the server|SSL SYSCALL|connection has been closed|shutting down|starting up/i,
    as: (message) =>
      new MedallionError(
        'unreachable',
        `lost PostgreSQL during the promotion: ${firstLine(message)}`,
        {
          hint: 'Nothing half-done was kept. Run promote again when the server is back; it goes on from there.',
          reason: 'the connection broke',
          retriable: true,
        },
      ),
  },
  {
    words: /no space left on device|could not extend file|disk full/i,
    as: (message) =>
      new MedallionError('storage', `no disk space left: ${firstLine(message)}`, {
        hint: 'Free some space on the home folder and on PostgreSQL; the next run goes on from the last window.',
      }),
  },
  {
    words: /out of memory error/i,
    as: () =>
      new MedallionError('config', 'a window does not fit into the memory that DuckDB may use', {
        hint: 'Give it more with --memory-limit, or make windows smaller with --chunk-rows.',
      }),
  },
];

/** Runs `work` and turns the failures of DuckDB that are foreseen into errors with a way on. */
export async function foreseen<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof MedallionError) {
      throw error;
    }
    const message = messageOf(error);
    throw FORESEEN.find(({ words }) => words.test(message))?.as(message) ?? error;
  }
}

/** What PostgreSQL said, without what DuckDB puts before it and the statement that follows. */
function reasonIn(message: string): string {
  return (
    /(?:permission denied for|must be owner of|SSL error:|server certificate|server does not|root certificate).*/i.exec(
      message,
    )?.[0] ?? firstLine(message)
  );
}

function firstLine(message: string): string {
  return message.split('\n')[0] ?? '';
}
