import { ENDED_HINT } from '../../config/session.ts';
import { firstLine, MedallionError, messageOf, usageError } from '../../errors.ts';
import { storageError } from '../../whole-file.ts';

/** What DuckDB is at work for, as far as its failures are told differently. */
interface Undertaking {
  readonly name: string;
  readonly hints: Readonly<Record<'denied' | 'lost' | 'full' | 'memory', string>>;
  /** What to do where a place at S3 is not there. */
  readonly gone: string;
  readonly tooLarge: string;
  /** Its files were asked for by name: whoever did so says which one cannot be written. */
  readonly hasNamedFiles: boolean;
}

const ARCHIVE_GONE =
  'Nothing was changed. Restore the files, or mount their folder, then run the command again. Where they have moved to ' +
  'another place, set medallion.archive_files.archive to that (docs/operations.md).';

const PROMOTION: Undertaking = {
  name: 'the promotion',
  hints: {
    denied:
      'The user that promotes must own the tables. As the owner of the database, run: medallion db grant owner USER',
    lost: 'Nothing half-done was kept. Run promote again when the server is back; it goes on from there.',
    full: 'Free some space on the home folder, on PostgreSQL and, with Spark, in the staging folder; the next run goes on from the last batch.',
    memory: 'Give it more with --memory-limit, or make batches smaller with --chunk-rows.',
  },
  gone: ARCHIVE_GONE,
  tooLarge: 'a batch does not fit into the memory that DuckDB may use',
  hasNamedFiles: false,
};

export const EXPORT: Undertaking = {
  name: 'the export',
  hints: {
    denied:
      'The user must be able to read silver and gold. As the owner of the database, run: medallion db grant reader USER',
    lost: 'Nothing was written. Run it again when the server is back.',
    full: 'Nothing was written. Free some space on the home folder and on PostgreSQL.',
    memory: 'Nothing was written. Give it more with --memory-limit, or use fewer --threads.',
  },
  gone: ARCHIVE_GONE,
  tooLarge: 'the export does not fit into the memory that DuckDB may use',
  hasNamedFiles: true,
};

export const ARCHIVE: Undertaking = {
  name: 'the archive',
  hints: {
    denied:
      'The user that archives must own the tables. As the owner of the database, run: medallion db grant owner USER',
    lost: 'Each event is still in one place. Run it again when the server is back; it goes on from there.',
    full: 'Each event is still in one place. Free some space, and run it again.',
    memory: 'Give it more with --memory-limit.',
  },
  gone: ARCHIVE_GONE,
  tooLarge: 'the archive does not fit into the memory that DuckDB may use',
  hasNamedFiles: true,
};

/** A promotion, as far as files go to a cluster and come back. */
export const STAGING: Undertaking = {
  ...PROMOTION,
  gone: 'Nothing was published. Check spark.staging (s3://bucket/prefix): the bucket must exist.',
};

interface Said {
  readonly message: string;
  /** From the words that gave it away to the end of their line. */
  readonly reason: string;
}

/** What DuckDB's own words mean for the person who runs it; DuckDB has no codes for these. */
const FORESEEN: readonly {
  readonly words: RegExp;
  readonly as: (said: Said, work: Undertaking) => MedallionError;
}[] = [
  {
    // Before the words about PostgreSQL, some of which httpfs uses, too.
    words: /\b(?:HTTP|IO) Error: .*(?:s3:\/\/|https?:\/\/|\bHTTP\b)/,
    as: ({ message, reason }, { gone }) => s3Failure(message, reason, gone),
  },
  {
    words: /No files found that match the pattern "(.+)"/,
    as: ({ reason }) =>
      new MedallionError(
        'storage',
        `the archive file ${/"(.+)"/.exec(reason)?.[1] ?? ''} does not exist`,
        {
          hint: ARCHIVE_GONE,
        },
      ),
  },
  {
    words: /.*(?:too small to be a Parquet file|No magic bytes found|[Pp]arquet file .* corrupt).*/,
    as: ({ reason }) =>
      new MedallionError('storage', `a file of the archive is damaged: ${reason}`, {
        hint: 'Nothing was changed. Restore it from a copy.',
      }),
  },
  {
    words: /permission denied for|must be owner of/i,
    as: ({ reason }, { name, hints }) =>
      new MedallionError('denied', `PostgreSQL refused ${name}: ${reason}`, {
        hint: hints.denied,
      }),
  },
  {
    words:
      /(?:SSL error: )?certificate verify failed|server certificate|server does not support SSL|root certificate/i,
    as: ({ reason }) =>
      new MedallionError('denied', `no trusted TLS connection to PostgreSQL: ${reason}`, {
        hint: 'Set sslrootcert in DATABASE_URL, or PGSSLROOTCERT, to the file of the certificate authority.',
      }),
  },
  {
    words: /cannot execute .* (?:in a read-only transaction|during recovery)/i,
    as: ({ reason }, { hints }) =>
      new MedallionError('unreachable', `PostgreSQL is read-only: ${reason}`, {
        hint: hints.lost,
        reason: 'it is read-only',
        retriable: true,
      }),
  },
  {
    words: /canceling statement due to .*/i,
    as: ({ reason }, { name }) =>
      new MedallionError('denied', `PostgreSQL ended a statement of ${name}: ${reason}`, {
        hint: ENDED_HINT,
      }),
  },
  {
    words: /too many connections|too many clients|remaining connection slots/i,
    as: ({ reason }, { name }) =>
      new MedallionError(
        'unreachable',
        `no connection to PostgreSQL is left for ${name}: ${reason}`,
        {
          hint: 'End sessions that nobody needs, or raise the connection limit of the role, of the database or of the server (max_connections).',
          reason: 'no connection is left',
          retriable: true,
        },
      ),
  },
  {
    words:
      /server closed the connection|unable to connect to postgres|connection to server|connection not open|terminating connection|could not connect|no connection to the server|SSL SYSCALL|connection has been closed|shutting down|starting up/i,
    as: ({ message }, { name, hints }) =>
      new MedallionError('unreachable', `lost PostgreSQL during ${name}: ${causeIn(message)}`, {
        hint: hints.lost,
        reason: 'the connection broke',
        retriable: true,
      }),
  },
  {
    words: /no space left on device|could not extend file|disk full/i,
    as: ({ message }, { hints }) =>
      new MedallionError('storage', `no disk space left: ${firstLine(message)}`, {
        hint: hints.full,
      }),
  },
  {
    // The parts of an xlsx file are packed in the old zip format; its writer notices at the end.
    words: /failed to close entry/i,
    as: () =>
      usageError(
        'a table has more than the 4 GiB, unpacked, that fit into a worksheet of xlsx',
        'Nothing was written. Use parquet, csv or json, which have no such limit.',
      ),
  },
  {
    words: /out of memory error/i,
    as: (_, { hints, tooLarge }) => new MedallionError('config', tooLarge, { hint: hints.memory }),
  },
];

function s3Failure(message: string, reason: string, gone: string): MedallionError {
  const [, file] = /'?(s3:\/\/[^'\n]*?)'?(?: in region|: |'|$)/m.exec(message) ?? [];
  const place = file ?? 'S3';
  if (/\b40[13]\b|Forbidden|AccessDenied|InvalidAccessKeyId|SignatureDoesNotMatch/.test(message)) {
    return new MedallionError('denied', `S3 refused ${place}: ${reason}`, {
      hint: 'Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN for a temporary key, and AWS_REGION: they must fit the bucket.',
    });
  }
  if (/\b404\b|NoSuchBucket/.test(message)) {
    return new MedallionError('storage', `${place} does not exist: ${reason}`, {
      hint: gone,
    });
  }
  return new MedallionError('unreachable', `cannot reach S3: ${reason}`, {
    hint: "Nothing half-done was kept. For a server other than Amazon's, set AWS_ENDPOINT_URL. Run the command again when it answers.",
  });
}

/** Runs `work` and turns the failures of DuckDB that are foreseen into errors with a way on. */
export async function foreseen<T>(work: () => Promise<T>, of = PROMOTION): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof MedallionError) {
      throw error;
    }
    const message = messageOf(error);
    for (const { words, as } of FORESEEN) {
      const found = words.exec(message);
      if (found !== null) {
        throw as({ message, reason: firstLine(message.slice(found.index)) }, of);
      }
    }
    const failed = fileFailure(error);
    throw failed === undefined || of.hasNamedFiles ? error : storageError(failed.path, failed);
  }
}

export function isMalformedJson(error: unknown): boolean {
  return /^(Invalid Input|Conversion) Error: Malformed JSON\b/.test(messageOf(error));
}

/** The system's words for what is wrong with a file, and its codes. */
const SYSTEM_CODES: Readonly<Record<string, string>> = {
  'No space left on device': 'ENOSPC',
  'Disk quota exceeded': 'EDQUOT',
  'File too large': 'EFBIG',
  'Permission denied': 'EACCES',
  'Operation not permitted': 'EPERM',
  'Read-only file system': 'EROFS',
  'No such file or directory': 'ENOENT',
  'Not a directory': 'ENOTDIR',
  'Is a directory': 'EISDIR',
};

/** A failure with a file of this machine as Node throws it, with `code` and `path`; undefined for any other. */
export function fileFailure(error: unknown): (Error & { readonly path: string }) | undefined {
  const message = messageOf(error);
  const [, file = '', words = ''] =
    /IO Error: [^"]*\b(?:file|directory) "(.+)": ([^"\n]+)/.exec(message) ?? [];
  const code = SYSTEM_CODES[words.trim()];
  return code === undefined
    ? undefined
    : Object.assign(new Error(message, { cause: error }), { code, path: file });
}

/** Why a connection failed, without the statement, or the settings, that DuckDB quotes before it. */
function causeIn(message: string): string {
  return firstLine(message.slice(message.lastIndexOf('": ') + 1).replace(/^: /, ''));
}
