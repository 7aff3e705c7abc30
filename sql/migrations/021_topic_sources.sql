-- Which source maps the records of a topic, where they have another shape than the contract's.
create table medallion.topic_sources (
    topic text primary key,
    source text not null,
    mapping text,
    recorded_at timestamptz not null default now()
);
comment on table medallion.topic_sources is 'The source of each topic whose records a source maps to events';
comment on column medallion.topic_sources.topic is 'Topic, or the file that the records were read from';
comment on column medallion.topic_sources.source is 'Name of the source: its file is sources/<name>.yaml of the project';
comment on column medallion.topic_sources.mapping is 'Hash of the mapping that the last promotion followed; null before the first';
comment on column medallion.topic_sources.recorded_at is 'When the topic got this source, or the mapping changed';
