/* @model
description: >-
  Net sales in the words of Shopify. A refund counts on its own day; an order in a state that counts as a return is sold
  and taken back on its day, one in a state that counts as nothing is left out. Who sends refunds leaves returned orders in
  the state they were sold in: both would take them back twice
grain: one row per day and currency with at least one purchase or refund
key: [date_key, reporting_currency_id]
load: additive
count: entries
event_types: [purchase, refund]
columns:
  date_key: { type: date, description: 'Day, in the zone of the reports' }
  reporting_currency_id: { type: integer, description: Currency of the amounts }
  currency:
    type: text
    description: 'Code of the currency, or its name where it has none'
    derived: >-
      (select coalesce(currencies.code, currencies.name) from silver.dim_currency as currencies
      where currencies.id = net_sales.reporting_currency_id)
  entries: { type: bigint, description: Purchases and refunds }
  orders: { type: bigint, description: 'Purchases, returned ones among them' }
  gross_sales: { type: 'numeric(38,2)', description: 'Subtotals of the orders, without a tax that they include' }
  discounts: { type: 'numeric(38,2)', description: Discounts on the orders }
  returns: { type: 'numeric(38,2)', description: 'What was taken back, after its discount and without a tax that it includes' }
  net_sales:
    type: 'numeric(38,2)'
    description: Gross sales less discounts and returns
    derived: gross_sales - discounts - returns
  shipping: { type: 'numeric(38,2)', description: 'Shipping, less what was paid back' }
  taxes: { type: 'numeric(38,2)', description: 'Taxes, less what was paid back' }
  total_sales:
    type: 'numeric(38,2)'
    description: 'Net sales plus shipping plus taxes'
    derived: gross_sales - discounts - returns + shipping + taxes
checks:
  - name: every currency has a name
    that: currency is not null
    severity: error
*/
with documents as (
    select
        transactions.date_key,
        transactions.reporting_currency_id,
        -- How often the amounts were sold, and how often taken back.
        case when transactions.event_type = 'purchase' then 1 else 0 end as sold,
        case
            when transactions.event_type = 'refund' or statuses.counts_as = 'return' then 1 else 0
        end as taken_back,
        report_amount(transactions.order_subtotal, transactions.reporting_rate)
        - case
            when transactions.order_tax_included
                then report_amount(transactions.order_tax_amount, transactions.reporting_rate)
            else 0
        end as goods,
        report_amount(transactions.order_discount_amount, transactions.reporting_rate) as discount,
        report_amount(transactions.order_shipping_amount, transactions.reporting_rate) as shipping,
        report_amount(transactions.order_tax_amount, transactions.reporting_rate) as tax
    from silver.fact_transactions as transactions
    inner join silver.dim_order_status as statuses on transactions.order_status_id = statuses.id
    where transactions.event_type in ('purchase', 'refund') and coalesce(statuses.counts_as, 'sale') <> 'nothing'
)

select
    date_key,
    reporting_currency_id,
    count(*) as entries,
    sum(sold) as orders,
    sum(sold * goods) as gross_sales,
    sum(sold * discount) as discounts,
    sum(taken_back * (goods - discount)) as returns,
    sum((sold - taken_back) * shipping) as shipping,
    sum((sold - taken_back) * tax) as taxes
from documents
group by date_key, reporting_currency_id
