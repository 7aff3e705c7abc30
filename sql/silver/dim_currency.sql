/* @model
description: The currencies an order can be in
grain: one row per currency
key: [id]
load: seed
columns:
  id: { type: integer, description: Number of the currency on the wire }
  name: { type: text, description: Its name }
  code:
    type: text
    nullable: true
    description: 'Code of three letters, ISO 4217'
    backfill: "case upper(name) when 'US-DOLLAR' then 'USD' when 'EUR' then 'EUR' end"
  is_new:
    type: boolean
    nullable: true
    description: 'Whether a source has added it, and nobody has said since that it is meant'
*/
select id, name, code, cast(null as boolean) as is_new
from (values (1, 'EUR', 'EUR'), (2, 'US-DOLLAR', 'USD')) as currencies (id, name, code)
