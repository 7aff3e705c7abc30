/* @model
description: The ways an order can be paid
grain: one row per payment method
key: [id]
load: seed
columns:
  id: { type: integer, description: Number of the payment method on the wire }
  name: { type: text, description: What it means }
  is_new:
    type: boolean
    nullable: true
    description: 'Whether a source has added it, and nobody has said since that it is meant'
*/
select id, name, cast(null as boolean) as is_new
from (values (1, 'credit card'), (2, 'paypal'), (3, 'cash')) as methods (id, name)
