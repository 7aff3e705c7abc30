comment on column bronze.quarantine.raw is
'The event, byte for byte, less what its source drops: one that was rejected before its source dropped anything has all of it, until a replay takes it into bronze; null when it had no value, or when nobody can say where it has what is dropped';
