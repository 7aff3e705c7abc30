-- Which event of a transaction counts: the latest by event time; on a tie the one that comes last in the log.
event_timestamp desc, produced_at desc, topic desc, partition desc, "offset" desc
