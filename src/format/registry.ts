import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { RegistryConfig } from '../config/registry.ts';
import { readCertificates } from '../config/tls.ts';
import { codeOf, MedallionError, messageOf } from '../errors.ts';

/** A schema as the registry has it. */
export interface RegisteredSchema {
  /** AVRO, JSON or PROTOBUF. */
  readonly type: string;
  /** The schema last, before it what it refers to. */
  readonly texts: readonly string[];
}

interface Reference {
  readonly subject: string;
  readonly version: number;
}

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

const ANSWER_MS = 10_000;
const MOST_BYTES = 16 << 20;
const CONTENT_TYPE = 'application/vnd.schemaregistry.v1+json';
/** What the registry says of an id, a subject or a version that it has not; any other 404 is of another server. */
const NOT_THERE: readonly unknown[] = [40401, 40402, 40403];
const CERTIFICATES = {
  ca: 'SCHEMA_REGISTRY_SSL_CA (registry.tls_ca)',
  cert: 'SCHEMA_REGISTRY_SSL_CERT (registry.tls_cert)',
  key: 'SCHEMA_REGISTRY_SSL_KEY (registry.tls_key)',
};

/** A schema registry with Confluent's API, which Karapace, Apicurio and Redpanda have, too. */
export class SchemaRegistry {
  readonly name: string;
  readonly #config: RegistryConfig;
  readonly #tls: object;

  /** @throws MedallionError config, when a file of a certificate cannot be read */
  constructor(config: RegistryConfig) {
    this.#config = config;
    this.name = `the schema registry at ${config.url.host}`;
    const { tls } = config;
    this.#tls =
      tls === undefined
        ? {}
        : { ...readCertificates(tls, CERTIFICATES), rejectUnauthorized: tls.verify };
  }

  /**
   * Sees that a registry answers at the URL and takes the login.
   * @throws MedallionError unreachable, denied, config
   */
  async check(): Promise<void> {
    const answer = await this.#ask('/schemas/types');
    if (answer === undefined) {
      throw this.#noRegistry('/schemas/types', 404);
    }
  }

  /**
   * A schema by its id, with what it refers to; undefined where the registry has not got all of that.
   * @throws MedallionError unreachable, denied, config
   */
  async schema(id: number): Promise<RegisteredSchema | undefined> {
    const path = `/schemas/ids/${String(id)}`;
    const answer = await this.#ask(path);
    if (answer === undefined) {
      return undefined;
    }
    const { schemaType: type = 'AVRO' } = answer;
    const texts = new Map<string, string>();
    const isWhole = await this.#collect(path, answer, texts);
    return isWhole ? { type: String(type), texts: [...texts.values()] } : undefined;
  }

  /**
   * Registers a schema under a subject; one that is there already keeps its id.
   * @throws MedallionError unreachable, denied, config
   */
  async register(subject: string, schema: string, schemaType: 'AVRO' | 'JSON'): Promise<number> {
    const path = `/subjects/${encodeURIComponent(subject)}/versions`;
    const { id } = (await this.#ask(path, { schema, schemaType })) ?? {};
    if (typeof id !== 'number') {
      throw this.#noRegistry(path, 404);
    }
    return id;
  }

  /**
   * Puts a schema behind all that it refers to.
   * @returns false where the registry has not got something of that
   */
  async #collect(
    path: string,
    { schema, references = [] }: Readonly<Record<string, unknown>>,
    texts: Map<string, string>,
  ): Promise<boolean> {
    // Of another server that answers in between, records would be rejected that are good.
    if (typeof schema !== 'string') {
      throw this.#noRegistry(path, 200);
    }
    for (const { subject, version } of references as readonly Reference[]) {
      const path = `/subjects/${encodeURIComponent(subject)}/versions/${String(version)}`;
      if (texts.has(path)) {
        continue;
      }
      const referred = await this.#ask(path);
      if (referred === undefined || !(await this.#collect(path, referred, texts))) {
        return false;
      }
    }
    texts.set(path, schema);
    return true;
  }

  /**
   * The body of the answer; undefined for what is not there.
   * @param body what is sent; without it the path is only read
   */
  async #ask(path: string, body?: object): Promise<Answer['body'] | undefined> {
    const answer = await this.#send(path, body && JSON.stringify(body)).catch((error: unknown) => {
      throw this.#unreachable(messageOf(error), error);
    });
    const { status } = answer;
    const said = answer.body['message'];
    const reason =
      typeof said === 'string' ? `${String(status)}: ${said}` : `status ${String(status)}`;
    if (status === 401 || status === 403) {
      throw new MedallionError('denied', `${this.name} rejects the login (${reason})`, {
        hint: 'Set SCHEMA_REGISTRY_USER and SCHEMA_REGISTRY_PASSWORD, or SCHEMA_REGISTRY_TOKEN.',
      });
    }
    if (status === 404 && NOT_THERE.includes(answer.body['error_code'])) {
      return undefined;
    }
    if (status >= 500 || status === 429) {
      throw this.#unreachable(reason);
    }
    if (status >= 400 && status !== 404 && typeof said === 'string') {
      const isRead = body === undefined;
      throw new MedallionError(
        'config',
        `${this.name} rejects ${isRead ? 'GET' : 'POST'} ${path} (${reason})`,
        {
          hint: isRead
            ? 'Check SCHEMA_REGISTRY_URL (registry.url), and the rights of its user.'
            : 'Another schema is registered for the topic: choose another one with --topic.',
        },
      );
    }
    if (status !== 200) {
      throw this.#noRegistry(path, status);
    }
    return answer.body;
  }

  async #send(path: string, body: string | undefined): Promise<Answer> {
    const { url, user, password, token } = this.#config;
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const authorization =
      token !== undefined
        ? `Bearer ${token}`
        : user !== undefined
          ? `Basic ${Buffer.from(`${user}:${password ?? ''}`).toString('base64')}`
          : undefined;
    const request = send(`${url.href.replace(/\/$/, '')}${path}`, {
      ...this.#tls,
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        accept: `${CONTENT_TYPE}, application/json`,
        ...(body === undefined ? {} : { 'content-type': CONTENT_TYPE }),
        ...(authorization === undefined ? {} : { authorization }),
      },
      // Answers are few: a connection that was kept would be gone when the next one is asked for.
      agent: false,
    });
    const limit = setTimeout(() => {
      request.destroy(new Error(`no answer within ${String(ANSWER_MS / 1000)} s`));
    }, ANSWER_MS);
    try {
      const response = await new Promise<IncomingMessage>((resolve, reject) => {
        request.on('response', resolve).on('error', reject).end(body);
      });
      return { status: response.statusCode ?? 0, body: await readJson(response) };
    } finally {
      clearTimeout(limit);
    }
  }

  #unreachable(reason: string, cause?: unknown): MedallionError {
    const code = codeOf(cause) ?? '';
    // A certificate that is not trusted stays so.
    const isLasting = /CERT|SELF_SIGNED|UNABLE_TO|ALTNAME|^ERR_(SSL|TLS)/.test(code);
    return new MedallionError('unreachable', `${this.name} cannot be reached: ${reason}`, {
      hint: code.includes('ALERT')
        ? `It asks for a certificate of this client: set ${CERTIFICATES.cert} and ${CERTIFICATES.key}.`
        : isLasting
          ? `Set ${CERTIFICATES.ca} to the file of the certificate authority.`
          : 'Check SCHEMA_REGISTRY_URL (registry.url), and whether the registry is up.',
      ...{ reason, server: this.name, retriable: !isLasting, cause },
    });
  }

  #noRegistry(path: string, status: number): MedallionError {
    return new MedallionError(
      'config',
      `${this.name} is not a schema registry: it answers ${path} with status ${String(status)}`,
      {
        hint: "registry.url must be the address of Confluent's API. With Apicurio it ends in /apis/ccompat/v7.",
      },
    );
  }
}

/** The object that a response holds; an empty one where it holds something else. */
async function readJson(response: IncomingMessage): Promise<Answer['body']> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > MOST_BYTES) {
      throw new Error(`an answer of more than ${String(MOST_BYTES)} bytes`);
    }
    parts.push(part);
  }
  try {
    const body: unknown = JSON.parse(Buffer.concat(parts).toString());
    return typeof body === 'object' && body !== null ? (body as Answer['body']) : {};
  } catch {
    return {};
  }
}
