import { MedallionError } from '../errors.ts';
import { isS3, s3Place } from './s3.ts';

export interface SparkRemote {
  /** host:port */
  readonly server: string;
  /** The certificates that it is verified against: those that Node trusts, unless a file is named. No TLS: undefined. */
  readonly tls: { readonly caFile: string | undefined } | undefined;
  readonly token: string | undefined;
  readonly userId: string;
  /** Sent along with every call, as x-databricks-cluster-id. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * What was said of Spark, as it was said: SPARK_REMOTE may be there for other programs, and mean what they alone know, so
 * nothing is wrong with it until Spark is wanted.
 */
export interface SparkConfig {
  readonly remote: string | undefined;
  readonly token: string | undefined;
  readonly caFile: string | undefined;
  readonly staging: string | undefined;
  readonly stagingRemote: string | undefined;
}

export interface SparkPlace {
  readonly remote: SparkRemote;
  readonly staging: {
    /** On this machine, or s3://bucket/prefix. */
    readonly folder: string;
    /** For the cluster, as a path or a URI; undefined where it is the same. */
    readonly remote: string | undefined;
  };
}

/**
 * What the settings say, now that Spark is wanted.
 * @throws MedallionError config
 */
export function sparkPlace(config: SparkConfig): SparkPlace {
  const { staging, stagingRemote } = config;
  const server = sparkRemote(config);
  if (staging === undefined) {
    throw new MedallionError('config', 'the engine spark needs a staging folder, and none is set', {
      hint: 'Set MEDALLION_SPARK_STAGING, or spark.staging in the configuration file, to a folder that this machine and the workers of the cluster share.',
    });
  }
  const folder = isS3(staging) ? s3Place(staging) : staging;
  if (folder === undefined) {
    throw new MedallionError('config', `spark.staging: "${staging}" is not an S3 location`, {
      hint: 'Write it as s3://bucket/prefix, without the characters * ? [ ]. Where the cluster calls it s3a://bucket/prefix, set MEDALLION_SPARK_STAGING_REMOTE to that.',
    });
  }
  return { remote: server, staging: { folder, remote: stagingRemote } };
}

/**
 * The server alone.
 * @throws MedallionError config
 */
export function sparkRemote({ remote: text, token, caFile }: SparkConfig): SparkRemote {
  if (text === undefined) {
    throw new MedallionError(
      'config',
      'the engine spark needs a Spark Connect server, and none is set',
      {
        hint: 'Set SPARK_REMOTE=sc://host:15002, or spark.remote in the configuration file.',
      },
    );
  }
  return parseRemote(text, token, caFile);
}

const DEFAULT_PORT = 15_002;
const REMOTE = /^sc:\/\/(\[[0-9a-f:.]+\]|[^/:;@\s[\]]+)(?::(\d{1,5}))?(?:\/(;[^\s]*)?)?$/i;
const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|\[::1\]):/i;
/** What the protocol's clients know that means nothing here: a session is this program's own. */
const PASSED_OVER = ['session_id', 'user_agent'];

/**
 * The address of a server as all clients of Spark Connect write it: sc://host:port/;name=value;name=value. What is wrong is
 * told without the text itself, which may hold a token.
 * @throws MedallionError config
 */
function parseRemote(
  text: string,
  tokenApart: string | undefined,
  caFile: string | undefined,
): SparkRemote {
  const match = REMOTE.exec(text);
  const [, host = '', port = String(DEFAULT_PORT), list = ''] = match ?? [];
  const parts = list.split(';').filter((part) => part !== '');
  if (match === null || parts.some((part) => part.indexOf('=') < 1)) {
    throw refused('spark.remote is not the address of a Spark Connect server');
  }
  const given = new Map(
    parts.map((part): [string, string] => {
      const at = part.indexOf('=');
      return [part.slice(0, at), decoded(part.slice(at + 1))];
    }),
  );
  const take = (name: string): string | undefined => {
    const value = given.get(name);
    given.delete(name);
    return value;
  };
  PASSED_OVER.forEach(take);
  const useSsl = take('use_ssl');
  const userId = take('user_id') ?? 'medallion';
  const token = take('token') ?? tokenApart;
  const server = `${host}:${port}`;
  const isHere = LOOPBACK.test(server);
  // As the other clients have it: who gives a token wants TLS, except to this machine.
  const isEncrypted =
    useSsl === undefined
      ? caFile !== undefined || (token !== undefined && !isHere)
      : /^true$/i.test(useSsl);
  if (token !== undefined && !isEncrypted && !isHere) {
    throw refused(
      `the connection to ${server} is not encrypted, so anybody in between could read the token`,
    );
  }
  return {
    ...{ server, token, userId, headers: Object.fromEntries(given) },
    tls: isEncrypted ? { caFile } : undefined,
  };
}

function refused(message: string): MedallionError {
  return new MedallionError('config', message, {
    hint: 'Without TLS: sc://host:15002. With TLS: sc://host:443/;use_ssl=true. A token goes into SPARK_TOKEN, and needs TLS.',
  });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
