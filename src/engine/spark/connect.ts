import type { Client as GrpcClient, ServiceError, ClientReadableStream } from '@grpc/grpc-js';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { readCertificate } from '../../config/tls.ts';
import { firstLine, MedallionError, messageOf } from '../../errors.ts';
import type { SparkRemote } from '../../config/spark.ts';

const PROTOCOL = fileURLToPath(new URL('../../../assets/spark-connect.proto', import.meta.url));
/** How a server sees this program in its logs. */
const CLIENT_TYPE = 'medallion';
/** A connection that does not come about in so long will not. */
const CONNECT_TIMEOUT_MS = 10_000;
/** A call that only asks or frees; statements may take as long as they like. */
const SHORT_CALL_MS = 60_000;
const RELEASE_MS = 5000;

const LOST_HINT =
  'Nothing half-done was kept. Run promote again when the server is back; it goes on from there.';

type Reply = Readonly<Record<string, unknown>>;
type Unary = (
  request: object,
  options: { deadline: number },
  done: (error: ServiceError | null, reply: Reply) => void,
) => void;

/** The calls of the service, as proto-loader makes them. */
interface ConnectService extends GrpcClient {
  readonly executePlan: (request: object) => ClientReadableStream<Reply>;
  readonly analyzePlan: Unary;
  readonly config: Unary;
  readonly interrupt: Unary;
  readonly releaseSession: Unary;
}

/** What a server said of a statement that it could not run. */
export class StatementError extends Error {
  override readonly name = 'StatementError';
}

/** A session of Spark Connect: SQL statements, one after the other or side by side, and settings of its own. */
export class ConnectSession {
  readonly #service: ConnectService;
  readonly #remote: SparkRemote;
  readonly #id = randomUUID();
  /** The server's own name of the session: another one is another server, which knows nothing of this session. */
  #serverSide: string | undefined;
  #hasAnswered = false;
  #running = 0;
  #isClosed = false;
  readonly #views = new Set<string>();

  private constructor(service: ConnectService, remote: SparkRemote) {
    this.#service = service;
    this.#remote = remote;
  }

  /**
   * Opens a session with the settings that statements rely on.
   * @throws MedallionError unreachable, denied; config, when a file of certificates cannot be read
   */
  static async open(
    remote: SparkRemote,
    settings: Readonly<Record<string, string>>,
  ): Promise<ConnectSession> {
    const session = new ConnectSession(await connect(remote), remote);
    try {
      await session.#tryConnecting();
      const pairs = Object.entries(settings).map(([key, value]) => ({ key, value }));
      await session.#call('config', { operation: { set: { pairs } } });
      return session;
    } catch (error) {
      session.#service.close();
      throw error;
    }
  }

  /** Makes a temporary view of the session. @throws as `run` */
  async view(name: string, select: string): Promise<void> {
    await this.run(`create or replace temporary view ${name} as ${select}`);
    this.#views.add(name);
  }

  /** Runs a statement until it is done. @throws StatementError; MedallionError unreachable, denied */
  async run(sql: string): Promise<void> {
    this.#running += 1;
    try {
      await new Promise<void>((resolve, reject) => {
        const stream = this.#service.executePlan(
          this.#request({
            plan: { command: { sqlCommand: { sql, input: { sql: { query: sql } } } } },
          }),
        );
        stream.on('data', (reply: Reply) => {
          this.#remember(reply);
        });
        stream.on('end', resolve);
        stream.on('error', reject);
      });
    } catch (error) {
      throw this.#failure(error);
    } finally {
      this.#running -= 1;
    }
  }

  /** The names of the columns of a select, which is analysed and not run. @throws as `run` */
  async columnsOf(sql: string): Promise<string[]> {
    const { treeString } = await this.#call('analyzePlan', {
      treeString: { plan: { root: { sql: { query: sql } } } },
    });
    const { treeString: text = '' } = (treeString ?? {}) as { treeString?: string };
    return [...text.matchAll(/^ \|-- (.*?): [a-z]/gm)].map(([, name = '']) => name);
  }

  /** The files that a select reads, as the server names them. @throws as `run` */
  async filesOf(sql: string): Promise<string[]> {
    const { inputFiles } = await this.#call('analyzePlan', {
      inputFiles: { plan: { root: { sql: { query: sql } } } },
    });
    return ((inputFiles ?? {}) as { files?: string[] }).files ?? [];
  }

  /** Ends the session: the server drops its views, and stops what it still runs for it. */
  async close(): Promise<void> {
    this.#isClosed = true;
    try {
      if (this.#running > 0) {
        await this.#call('interrupt', { interruptType: 'INTERRUPT_TYPE_ALL' }, RELEASE_MS);
      }
      await this.#call('releaseSession', {}, RELEASE_MS);
    } catch {
      // A server that is gone has no session either.
    } finally {
      this.#service.close();
    }
  }

  /** Until there is a connection, or none comes about: the next call says why. */
  async #tryConnecting(): Promise<void> {
    const { connectivityState } = await import('@grpc/grpc-js');
    const ended = [connectivityState.READY, connectivityState.TRANSIENT_FAILURE];
    const channel = this.#service.getChannel();
    const deadline = Date.now() + CONNECT_TIMEOUT_MS;
    for (;;) {
      const state = channel.getConnectivityState(true);
      if (ended.includes(state)) {
        return;
      }
      await new Promise<void>((resolve, reject) => {
        channel.watchConnectivityState(state, deadline, (error) => {
          if (error === undefined) {
            resolve();
          } else {
            reject(this.#unreachable('no answer'));
          }
        });
      });
    }
  }

  async #call(
    name: 'analyzePlan' | 'config' | 'interrupt' | 'releaseSession',
    request: object,
    limitMs = SHORT_CALL_MS,
  ): Promise<Reply> {
    try {
      const reply = await new Promise<Reply>((resolve, reject) => {
        this.#service[name](
          this.#request(request),
          { deadline: Date.now() + limitMs },
          (error, answer) => {
            if (error === null) {
              resolve(answer);
            } else {
              reject(error);
            }
          },
        );
      });
      this.#remember(reply);
      return reply;
    } catch (error) {
      throw this.#failure(error);
    }
  }

  #request(parts: object): object {
    return {
      ...{ sessionId: this.#id, userContext: { userId: this.#remote.userId } },
      clientType: CLIENT_TYPE,
      ...(this.#serverSide === undefined
        ? {}
        : { clientObservedServerSideSessionId: this.#serverSide }),
      ...parts,
    };
  }

  #remember({ serverSideSessionId }: Reply): void {
    this.#hasAnswered = true;
    if (typeof serverSideSessionId === 'string' && serverSideSessionId !== '') {
      this.#serverSide ??= serverSideSessionId;
    }
  }

  #failure(error: unknown): Error {
    if (this.#isClosed) {
      // Whatever the server says of it, it was stopped from here.
      return new MedallionError('interrupted', 'interrupted');
    }
    const { code, details } = error as { code?: number; details?: string };
    const said = details ?? messageOf(error);
    switch (code === undefined ? undefined : STATUS[code]) {
      case 'denied':
        return new MedallionError(
          'denied',
          `Spark at ${this.#remote.server} rejects the call: ${said}`,
          {
            hint: 'Check the token: SPARK_TOKEN, or ;token= in SPARK_REMOTE. It needs TLS: ;use_ssl=true.',
          },
        );
      case 'lost':
        return this.#hasAnswered ? this.#lost(said) : this.#unreachable(reasonOf(said));
      default:
        return FORGOTTEN.test(said) || this.#lacksView(said)
          ? this.#lost(said)
          : new StatementError(said, { cause: error });
    }
  }

  /** Sail, started again, makes a session of the same name anew. */
  #lacksView(said: string): boolean {
    const [, name = ''] = /view not found: `?(\w+)/i.exec(said) ?? [];
    return this.#views.has(name);
  }

  #unreachable(reason: string): MedallionError {
    const server = `Spark at ${this.#remote.server}`;
    if (this.#remote.tls !== undefined && BAD_TLS.test(reason)) {
      return new MedallionError('denied', `no trusted TLS connection to ${server}: ${reason}`, {
        hint: BAD_CERTIFICATE.test(reason)
          ? `Set ${CA_SETTING} to the file of the certificate authority.`
          : 'If the server has no TLS, add ;use_ssl=false to the end of SPARK_REMOTE.',
      });
    }
    return new MedallionError('unreachable', `cannot reach ${server}: ${reason}`, {
      hint: 'Check SPARK_REMOTE, with ;use_ssl=true for a server with TLS, and that Spark Connect is running. To test the whole way: medallion doctor',
      ...{ reason, retriable: true, server },
    });
  }

  #lost(said: string): MedallionError {
    return new MedallionError(
      'unreachable',
      `lost Spark at ${this.#remote.server}: ${reasonOf(said)}`,
      {
        hint: LOST_HINT,
        reason: 'the connection broke',
        retriable: true,
        server: `Spark at ${this.#remote.server}`,
      },
    );
  }
}

/** What gRPC's status codes mean here; any other is about the statement. */
const STATUS: Readonly<Record<number, 'lost' | 'denied'>> = {
  1: 'lost',
  4: 'lost',
  7: 'denied',
  14: 'lost',
  16: 'denied',
};

/** A server that was started again, or that has let the session go, knows none of its views. */
const FORGOTTEN =
  /INVALID_HANDLE\.SESSION|SESSION_(?:CHANGED|CLOSED|NOT_FOUND)|session .*not found/i;

const CA_SETTING = 'SPARK_SSL_CA (spark.tls_ca)';
/** What Node says of certificates, and OpenSSL of servers that do not speak TLS as we do. */
const BAD_CERTIFICATE = /certificate|altnames/i;
const BAD_TLS = new RegExp(`${BAD_CERTIFICATE.source}|SSL routines`, 'i');

/** Why there is no connection, out of what gRPC says: "No connection established. Last error: Error: .. (time). Resolution .." */
function reasonOf(details: string): string {
  const [, last = details] =
    /Last error: (?:Error(?: \[\w+\])?: )?(.*?)(?: \([^()]*Z\))?\. Resolution note:/s.exec(
      details,
    ) ?? [];
  return firstLine(last);
}

async function connect(remote: SparkRemote): Promise<ConnectService> {
  const [grpc, loader] = await Promise.all([import('@grpc/grpc-js'), import('@grpc/proto-loader')]);
  const definition = loader.loadSync(PROTOCOL, { enums: String, longs: String });
  const { spark } = grpc.loadPackageDefinition(definition) as unknown as {
    spark: {
      connect: {
        SparkConnectService: new (
          address: string,
          credentials: unknown,
          options: object,
        ) => ConnectService;
      };
    };
  };
  const { token, headers, tls } = remote;
  const channel =
    tls === undefined
      ? grpc.credentials.createInsecure()
      : grpc.credentials.createSsl(
          tls.caFile === undefined ? null : readCertificate(tls.caFile, CA_SETTING),
        );
  const metadata = Object.entries({
    ...headers,
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  });
  const addMetadata: unknown = (
    options: { metadata?: InstanceType<typeof grpc.Metadata> },
    nextCall: (options: object) => unknown,
  ) =>
    new grpc.InterceptingCall(nextCall(options) as never, {
      start: (given, listener, next) => {
        for (const [name, value] of metadata) {
          given.set(name, value);
        }
        next(given, listener);
      },
    });
  return new spark.connect.SparkConnectService(remote.server, channel, {
    interceptors: metadata.length === 0 ? [] : [addMetadata],
    // More often than every five minutes a server of gRPC takes for an attack, unless it was told otherwise.
    'grpc.keepalive_time_ms': 310_000,
    'grpc.keepalive_timeout_ms': 20_000,
    'grpc.max_receive_message_length': -1,
  });
}
