-- Amounts of a warehouse of before are as sent.
alter table gold.reporting add column currency text;
comment on column gold.reporting.currency is 'ISO 4217 code of the currency of the amounts in marts, null where they are as sent';

-- sql/source/macros.sql has the same for DuckDB.
create function medallion.report_amount(amount numeric, rate numeric) returns numeric
language sql immutable parallel safe
return coalesce(round(amount * rate, 2), 0);
comment on function medallion.report_amount is 'An amount in the currency of the reports, rounded half away from zero; 0 where there is no rate';

create function medallion.report_unit_amount(amount numeric, rate numeric) returns numeric
language sql immutable parallel safe
return coalesce(round(amount * rate, 4), 0);
comment on function medallion.report_unit_amount is 'The same of one unit, to 4 decimals';
