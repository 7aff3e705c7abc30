/* @model
description: >-
  What currencies are worth in the currency of the reports, which report.currency names; filled by whoever runs the
  warehouse. An order takes the latest rate that holds on its day, unless its event brings one
grain: one row per currency and day from which its rate holds
key: [currency, valid_from]
load: seed
columns:
  currency: { type: text, description: 'Code or name of the currency, as silver.dim_currency has it' }
  valid_from: { type: date, description: 'First day on which the rate holds, in the zone of the reports' }
  rate: { type: 'numeric(17,10)', description: What one unit is worth }
*/
select
    cast(null as text) as currency,
    cast(null as date) as valid_from,
    cast(null as decimal(17, 10)) as rate
where false
