-- What the rows of a batch are made with: the run, the first of its keys, and the currency of the reports, null where amounts
-- stay as sent.
create or replace table source.run as
select
    cast({run_id} as bigint) as run_id,
    cast({first_key} as bigint) as first_key,
    {reporting_currency_id} as reporting_currency_id
