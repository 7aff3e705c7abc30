/* @model
description: The ways an order can be paid
grain: one row per payment method
key: [id]
load: seed
columns:
  id: { type: integer, description: Number of the payment method on the wire }
  name: { type: text, description: What it means }
*/
select id, name
from (values (1, 'credit card'), (2, 'paypal'), (3, 'cash')) as methods (id, name)
