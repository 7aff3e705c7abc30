import {
  Decoder,
  Encoder,
  requestDefinition,
  type Metadata,
  type PartitionMetadata,
  type ProtocolDecoder,
  type ProtocolCall,
} from './kafkajs-protocol.ts';

/**
 * Since Kafka 2.8 a topic has an id that no other topic ever gets, also none of the same name. It came with version 10
 * of the metadata request; kafkajs speaks up to version 6. Here version 10 is added, for brokers that know it.
 */

interface MetadataOptions {
  readonly topics: readonly string[];
  readonly allowAutoTopicCreation?: boolean;
}

const API_KEY = 3;
const VERSION = 10;
/** The highest that kafkajs itself writes. */
const KAFKAJS_VERSION = 6;
const ID_BYTES = 16;
const NO_ID = Buffer.alloc(ID_BYTES);
const NO_TAGS = Buffer.of(0);

/** Teaches kafkajs the request, in this process. */
export function askForTopicIds(): void {
  const definition = requestDefinition<MetadataOptions, Metadata>('Metadata');
  const original = definition.protocol;
  definition.versions = [...definition.versions, String(VERSION)];
  definition.protocol = ({ version }) => {
    const known = original({ version: Math.min(version, KAFKAJS_VERSION) });
    return version < VERSION ? known : (options) => metadataCall(options, known(options));
  };
}

function metadataCall(
  options: MetadataOptions,
  known: ProtocolCall<Metadata>,
): ProtocolCall<Metadata> {
  return {
    request: {
      apiKey: API_KEY,
      apiVersion: VERSION,
      apiName: 'Metadata',
      encode: () => Promise.resolve(new Encoder().writeBuffer(requestBody(options))),
    },
    response: {
      decode: (raw) => Promise.resolve(metadataFrom(raw)),
      parse: known.response.parse,
    },
  };
}

function requestBody({ topics, allowAutoTopicCreation = true }: MetadataOptions): Buffer {
  // kafkajs means all topics when it names none; the protocol says so with a null, which is 0.
  const count = topics.length === 0 ? 0 : topics.length + 1;
  const named = topics.flatMap((topic) => [
    NO_ID,
    unsigned(Buffer.byteLength(topic) + 1),
    Buffer.from(topic),
    NO_TAGS,
  ]);
  const flags = Buffer.of(allowAutoTopicCreation ? 1 : 0, 0, 0);
  // The first tags end the request's head, which has none before version 9.
  return Buffer.concat([NO_TAGS, unsigned(count), ...named, flags, NO_TAGS]);
}

/** A number as the protocol writes lengths: seven bits a byte, the lowest first. */
function unsigned(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) {
    bytes.push((rest & 0x7f) | 0x80);
  }
  return Buffer.from([...bytes, rest]);
}

function metadataFrom(raw: Buffer): Metadata {
  const decoder = new Decoder(raw);
  decoder.readTaggedFields();
  const clientSideThrottleTime = decoder.readInt32();
  const brokers = arrayOf(decoder, () => {
    const broker = {
      nodeId: decoder.readInt32(),
      host: decoder.readUVarIntString(),
      port: decoder.readInt32(),
      rack: decoder.readUVarIntString(),
    };
    decoder.readTaggedFields();
    return broker;
  });
  const clusterId = decoder.readUVarIntString();
  const controllerId = decoder.readInt32();
  const topicMetadata = arrayOf(decoder, () => topicFrom(decoder));
  return {
    ...{ throttleTime: 0, clientSideThrottleTime, brokers, clusterId, controllerId },
    topicMetadata,
  };
}

function topicFrom(decoder: ProtocolDecoder): Metadata['topicMetadata'][number] {
  const topicErrorCode = decoder.readInt16();
  const topic = decoder.readUVarIntString();
  const id = decoder.readBytes(ID_BYTES);
  const isInternal = decoder.readBoolean();
  const ofTopic = id.equals(NO_ID) ? {} : { topicId: id.toString('base64url') };
  const partitionMetadata = arrayOf(decoder, () => ({ ...partitionFrom(decoder), ...ofTopic }));
  decoder.readInt32(); // the rights on the topic, which were not asked for
  decoder.readTaggedFields();
  const found = { topicErrorCode, topic, isInternal, partitionMetadata };
  return found;
}

function partitionFrom(decoder: ProtocolDecoder): PartitionMetadata {
  const partitionErrorCode = decoder.readInt16();
  const partitionId = decoder.readInt32();
  const leader = decoder.readInt32();
  decoder.readInt32(); // the leader's epoch
  const nodes = (): number[] => arrayOf(decoder, () => decoder.readInt32());
  const partition = {
    ...{ partitionErrorCode, partitionId, leader },
    ...{ replicas: nodes(), isr: nodes(), offlineReplicas: nodes() },
  };
  decoder.readTaggedFields();
  return partition;
}

function arrayOf<T>(decoder: ProtocolDecoder, read: () => T): T[] {
  return decoder.readUVarIntArray(read) ?? [];
}
