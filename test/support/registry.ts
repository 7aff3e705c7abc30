import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startSchemaRegistry } from '../../scripts/schema-registry.ts';

/** What a schema refers to by name, and where it is registered. */
export interface SchemaReference {
  readonly name: string;
  readonly subject: string;
  readonly version: number;
}

/** A real schema registry of a test file's own. */
export interface TestRegistry {
  readonly url: string;
  readonly port: number;
  /** Registers a schema as a producer does; returns its id. */
  readonly register: (
    subject: string,
    schema: object,
    type?: 'AVRO' | 'JSON',
    references?: readonly SchemaReference[],
  ) => Promise<number>;
  readonly stop: () => Promise<void>;
}

export async function startTestRegistry(): Promise<TestRegistry> {
  const folder = await mkdtemp(path.join(tmpdir(), 'medallion-registry-'));
  const server = await startSchemaRegistry(folder);
  const { url } = server;
  return {
    url,
    port: Number(new URL(url).port),
    async register(subject, schema, schemaType = 'AVRO', references = []) {
      const response = await fetch(`${url}/subjects/${subject}/versions`, {
        method: 'POST',
        headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
        body: JSON.stringify({ schema: JSON.stringify(schema), schemaType, references }),
      });
      const answer = (await response.json()) as { readonly id?: number };
      if (answer.id === undefined) {
        throw new Error(`${subject} was not registered: ${JSON.stringify(answer)}`);
      }
      return answer.id;
    },
    async stop() {
      await server.kill();
      await rm(folder, { recursive: true });
    },
  };
}

/** A value as Confluent's producers frame it: a zero byte, the id of its schema, the value. */
export function framed(schemaId: number, encoded: Buffer): Buffer {
  const header = Buffer.alloc(5);
  header.writeInt32BE(schemaId, 1);
  return Buffer.concat([header, encoded]);
}
