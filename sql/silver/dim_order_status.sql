/* @model
description: The states an order can be in
grain: one row per order status
key: [id]
load: seed
columns:
  id: { type: integer, description: Number of the status on the wire }
  name: { type: text, description: What it means }
*/
select id, name
from (values (1, 'placed'), (2, 'to_ship'), (3, 'shipped'), (4, 'returned'), (5, 'completed')) as statuses (id, name)
