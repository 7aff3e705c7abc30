/* @model
description: Transactions, each as its latest event tells it
grain: one row per transaction
key: [transaction_key]
unique: [transaction_id]
indexes: ['using brin (event_timestamp)', '(customer_id, ordered_at)', '(refunds) where (refunds is not null)', '(date_key) where (reporting_rate is null)']
load: replace_transactions
window: transaction_key
columns:
  transaction_key: { type: bigint, description: 'Surrogate key: days since 1900-01-01 times 2^40, plus a number; a day is a range of keys' }
  transaction_id: { type: text, description: Transaction id }
  event_type: { type: text, description: 'Kind of event, e.g. purchase' }
  event_version: { type: text, description: Version of the event's schema }
  event_timestamp: { type: timestamptz, description: 'When the event happened: of several of one transaction the latest counts' }
  date_key: { type: date, description: 'Day the order was made on, in the zone of the reports' }
  customer_id: { type: text, nullable: true, description: 'Customer, null for a guest' }
  customer_type: { type: text, description: Kind of customer as this event said }
  customer_country: { type: text, description: Country as this event said }
  customer_city: { type: text, description: City as this event said }
  order_status_id: { type: integer, description: State of the order }
  order_payment_method_id: { type: integer, description: How it was paid }
  order_currency_id: { type: integer, description: Currency of the amounts }
  order_subtotal: { type: 'numeric(18,2)', description: Sum of unit price times quantity }
  order_tax_amount: { type: 'numeric(18,2)', description: Tax }
  order_shipping_amount: { type: 'numeric(18,2)', description: Shipping }
  order_discount_amount: { type: 'numeric(18,2)', description: Discount on the order }
  order_total_amount: { type: 'numeric(18,2)', description: 'Subtotal plus tax, where it is not included, plus shipping less discount' }
  produced_at: { type: timestamptz, description: When the log took the event in }
  topic: { type: text, description: Topic of the bronze event }
  partition: { type: integer, description: Partition of the bronze event }
  offset: { type: bigint, description: Offset of the bronze event }
  run_id: { type: bigint, description: The run of promote that wrote the row }
  ordered_at:
    type: timestamptz
    description: 'When the order was made, which decides the day; when the event happened, if it does not say'
    backfill: event_timestamp
  refunds: { type: text, nullable: true, description: 'Transaction id of the order that a refund takes back, which may be unknown here' }
  order_tax_included: { type: boolean, description: 'Whether the prices have the tax inside', backfill: 'false' }
  order_exchange_rate:
    type: 'numeric(20,10)'
    nullable: true
    description: What the event says one unit of the currency is worth in the currency of the reports
  extra:
    type: text
    nullable: true
    description: 'What its source keeps beyond these columns, as a JSON object of texts: extra_value(extra, name) is one of them'
  ordered_hour:
    type: smallint
    description: 'Hour of that day in which the order was made, 0 to 23'
    backfill: "extract(hour from ordered_at at time zone 'UTC')"
  reporting_currency_id:
    type: integer
    description: 'Currency that marts have the amounts in: that of the order, unless report.currency names another'
    backfill: order_currency_id
  reporting_rate:
    type: 'numeric(17,10)'
    nullable: true
    description: >-
      What one unit of the amounts is worth there: report_amount(order_total_amount, reporting_rate) is an amount of the
      marts. Null where no rate is known: the order counts, its amounts do not
    backfill: '1'
checks:
  - name: the total is subtotal plus tax plus shipping less discount
    that: >-
      abs(order_total_amount - (order_subtotal + case when order_tax_included then 0 else order_tax_amount end
      + order_shipping_amount - order_discount_amount)) <= 0.01
    severity: warn
  - name: a refund takes back a positive amount
    that: event_type <> 'refund' or order_total_amount >= 0
    severity: warn
  - name: the totals keep every decimal of their currency
    that: >-
      order_currency_id not in (
      select id from silver.dim_currency where code in ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND'))
    severity: warn
  - name: no order points at what a source has added to a dimension
    that: >-
      order_status_id not in (select id from silver.dim_order_status where is_new)
      and order_payment_method_id not in (select id from silver.dim_payment_method where is_new)
      and order_currency_id not in (select id from silver.dim_currency where is_new)
    severity: warn
  - name: the amounts have an exchange rate to the currency of the reports
    that: reporting_rate is not null
    severity: warn
*/
with foreign_days as (
    select distinct
        transactions.order_currency_id,
        transactions.date_key
    from source.transactions
    cross join source.run
    where transactions.order_currency_id <> run.reporting_currency_id
),

-- The latest rate that holds on each of these days.
rates as (
    select
        foreign_days.order_currency_id,
        foreign_days.date_key,
        exchange_rates.rate,
        row_number() over (
            partition by foreign_days.order_currency_id, foreign_days.date_key
            order by exchange_rates.valid_from desc
        ) as place
    from foreign_days
    inner join source.exchange_rates
        on
            foreign_days.order_currency_id = exchange_rates.currency_id
            and foreign_days.date_key >= exchange_rates.valid_from
)

-- The day is in the key, so numbers are counted within a day: no engine has to put a whole batch in one order.
select
    days_between(date '1900-01-01', transactions.date_key) * 1099511627776
    + run.first_key
    + row_number() over (partition by transactions.date_key order by transactions.transaction_id)
    - 1 as transaction_key,
    transactions.transaction_id,
    transactions.event_type,
    transactions.event_version,
    transactions.event_timestamp,
    transactions.date_key,
    transactions.customer_id,
    transactions.customer_type,
    transactions.customer_country,
    transactions.customer_city,
    transactions.order_status_id,
    transactions.order_payment_method_id,
    transactions.order_currency_id,
    transactions.order_subtotal,
    transactions.order_tax_amount,
    transactions.order_shipping_amount,
    transactions.order_discount_amount,
    transactions.order_total_amount,
    transactions.produced_at,
    transactions.topic,
    transactions.partition,
    transactions."offset",
    run.run_id,
    transactions.ordered_at,
    transactions.refunds,
    transactions.order_tax_included,
    transactions.order_exchange_rate,
    transactions.extra,
    transactions.ordered_hour,
    coalesce(run.reporting_currency_id, transactions.order_currency_id) as reporting_currency_id,
    case
        when coalesce(run.reporting_currency_id, transactions.order_currency_id) = transactions.order_currency_id
            then cast(1 as decimal(17, 10))
        when transactions.order_exchange_rate < 10000000 then cast(transactions.order_exchange_rate as decimal(17, 10))
        else rates.rate
    end as reporting_rate
from source.transactions
cross join source.run
left join rates
    on
        transactions.order_currency_id = rates.order_currency_id
        and transactions.date_key = rates.date_key
        and rates.place = 1
