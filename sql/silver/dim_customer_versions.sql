/* @model
description: >-
  Customers over time (a slowly changing dimension of type 2), as the transactions of silver tell it: repeated and
  superseded events have no say. A late event or a correction may split, join and renumber versions; a version is known
  by customer_id and valid_from
grain: one row per version of a customer, the longest run of moments that say the same
key: [customer_id, version]
load: view
columns:
  customer_id: { type: text, description: Customer id }
  version: { type: bigint, description: 'Place of the version in time, from 1' }
  type: { type: text, description: 'Kind of customer, unknown when the events do not say' }
  city: { type: text, description: 'City, unknown when the events do not say' }
  country: { type: text, description: 'Country code, unknown when the events do not say' }
  valid_from: { type: timestamptz, description: First moment of the version }
  valid_to: { type: timestamptz, nullable: true, description: 'First moment of the next version, which this one does not include; empty for the last' }
  is_current: { type: boolean, description: 'Whether it is the last version. dim_customers says the same, unless a correction gave the latest transaction to another customer' }
*/
select
    customer_id,
    row_number() over (partition by customer_id order by event_timestamp) as version,
    type,
    city,
    country,
    event_timestamp as valid_from,
    lead(event_timestamp) over (partition by customer_id order by event_timestamp) as valid_to,
    lead(event_timestamp) over (partition by customer_id order by event_timestamp) is null as is_current
from silver.customer_states
where is_change
