-- What an event was before it was decoded. Null for JSON, which is kept as received: no row is rewritten.

alter table bronze.events
    add column format text,
    add column schema_id integer;
comment on column bronze.events.value is 'The event as received; its JSON text where it was decoded';
comment on column bronze.events.format is 'What the event was decoded from (avro, json_schema, outbox); null for JSON';
comment on column bronze.events.schema_id is 'Schema that the event was framed with, by its id in the registry; null without a frame';
