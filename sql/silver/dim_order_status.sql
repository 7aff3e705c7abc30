/* @model
description: The states an order can be in
grain: one row per order status
key: [id]
load: seed
columns:
  id: { type: integer, description: Number of the status on the wire }
  name: { type: text, description: What it means }
  counts_as:
    type: text
    nullable: true
    description: 'What an order in this state is in net sales: sale (as where it is null), return (sold and taken back) or nothing'
    backfill: "case lower(name) when 'returned' then 'return' when 'cancelled' then 'nothing' else 'sale' end"
  is_new:
    type: boolean
    nullable: true
    description: 'Whether a source has added it, and nobody has said since that it is meant'
*/
select id, name, counts_as, cast(null as boolean) as is_new
from
    (values
        (1, 'placed', 'sale'),
        (2, 'to_ship', 'sale'),
        (3, 'shipped', 'sale'),
        (4, 'returned', 'return'),
        (5, 'completed', 'sale'),
        (6, 'cancelled', 'nothing')
    ) as statuses (id, name, counts_as)
