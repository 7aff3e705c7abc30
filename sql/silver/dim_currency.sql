/* @model
description: The currencies an order can be in
grain: one row per currency
key: [id]
load: seed
columns:
  id: { type: integer, description: Number of the currency on the wire }
  name: { type: text, description: Its name }
*/
select id, name
from (values (1, 'EUR'), (2, 'US-DOLLAR')) as currencies (id, name)
