import { setting } from './setting-row.ts';

export const FORMATS = ['json', 'avro', 'json_schema', 'outbox'] as const;
export const SASL_MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512'] as const;

export const KAFKA_SETTINGS = [
  setting(
    'kafka.brokers',
    'KAFKA_BROKERS',
    'Kafka brokers, host:port separated by commas; without them the log is files',
    { flag: '--brokers <list>', example: 'localhost:9092', kind: 'list' },
  ),
  setting(
    'kafka.topic',
    'KAFKA_TOPIC',
    'topic of the events; ingest and run read several, separated by commas',
    { flag: '--topic <name>', default: 'sales', kind: 'list' },
  ),
  setting(
    'kafka.format',
    'KAFKA_FORMAT',
    "format of the topic's values; avro and json_schema are frames of a schema registry, outbox is Debezium's",
    { flag: '--format <name>', default: 'json', choices: FORMATS },
  ),
  setting(
    'kafka.group',
    'KAFKA_GROUP KAFKA_GROUP_ID',
    'Kafka consumer group that shares the partitions; one for each warehouse and topic',
    {
      flag: '--group <name>',
      default: 'medallion-<warehouse>-<topic>',
      isDerived: true,
      example: 'medallion-sales',
    },
  ),
  setting('kafka.client_id', 'KAFKA_CLIENT_ID', 'Kafka client id', {
    flag: '--client-id <name>',
    default: 'medallion',
  }),
  setting(
    'kafka.sasl_mechanism',
    'KAFKA_SASL_MECHANISM',
    'how to log in to Kafka; plain when only a user and a password are given',
    { flag: '--sasl-mechanism <name>', example: 'scram-sha-512', choices: SASL_MECHANISMS },
  ),
  setting(
    'kafka.sasl_username',
    'KAFKA_SASL_USERNAME',
    'user for SASL; its password comes from KAFKA_SASL_PASSWORD',
    { flag: '--sasl-username <name>', example: 'medallion' },
  ),
  setting('kafka.sasl_password', 'KAFKA_SASL_PASSWORD', 'password for SASL', { isSecret: true }),
  setting('kafka.tls', 'KAFKA_SSL', "encrypt, and verify the brokers' certificates", {
    flag: '--tls',
    default: 'false',
    kind: 'switch',
  }),
  setting(
    'kafka.security_protocol',
    'KAFKA_SECURITY_PROTOCOL',
    "Kafka's own setting: SSL and SASL_SSL turn TLS on",
    { example: 'SASL_SSL' },
  ),
  setting(
    'kafka.tls_ca',
    'KAFKA_SSL_CA',
    'certificates that the brokers are verified against; turns TLS on',
    { flag: '--tls-ca <file>', example: 'ca.pem', kind: 'path' },
  ),
  setting('kafka.tls_cert', 'KAFKA_SSL_CERT', 'certificate of this client; turns TLS on', {
    flag: '--tls-cert <file>',
    example: 'client.pem',
    kind: 'path',
  }),
  setting('kafka.tls_key', 'KAFKA_SSL_KEY', 'key of that certificate', {
    flag: '--tls-key <file>',
    example: 'client.key',
    kind: 'path',
  }),
  setting('kafka.tls_verify', 'KAFKA_SSL_VERIFY', 'false accepts any certificate of the brokers', {
    default: 'true',
    kind: 'switch',
  }),
  setting(
    'registry.url',
    'SCHEMA_REGISTRY_URL',
    "schema registry with Confluent's API: Karapace, Apicurio and Redpanda have it, too",
    { example: 'http://localhost:8081' },
  ),
  setting('registry.user', 'SCHEMA_REGISTRY_USER', 'user of the schema registry', {
    example: 'medallion',
  }),
  setting('registry.password', 'SCHEMA_REGISTRY_PASSWORD', 'password of that user', {
    isSecret: true,
  }),
  setting('registry.token', 'SCHEMA_REGISTRY_TOKEN', 'bearer token, instead of user and password', {
    isSecret: true,
  }),
  setting(
    'registry.tls_ca',
    'SCHEMA_REGISTRY_SSL_CA',
    'certificates that the registry is verified against',
    { example: 'ca.pem', kind: 'path' },
  ),
  setting('registry.tls_cert', 'SCHEMA_REGISTRY_SSL_CERT', 'certificate of this client', {
    example: 'client.pem',
    kind: 'path',
  }),
  setting('registry.tls_key', 'SCHEMA_REGISTRY_SSL_KEY', 'key of that certificate', {
    example: 'client.key',
    kind: 'path',
  }),
  setting(
    'registry.tls_verify',
    'SCHEMA_REGISTRY_SSL_VERIFY',
    'false accepts any certificate of the registry',
    { default: 'true', kind: 'switch' },
  ),
] as const;
