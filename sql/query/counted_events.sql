-- Events, ever, whose time in the log cannot be right, and those that their source leaves out.
-- grain: one row
select
    (select coalesce(sum(implausible_events), 0)::double precision from medallion.offsets) as implausible,
    (select coalesce(sum(skipped_events), 0)::double precision from medallion.watermarks) as skipped
