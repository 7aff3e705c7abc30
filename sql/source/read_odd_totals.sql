-- Orders whose total does not add up, the first ones.
select
    "offset" as record,
    transaction_id,
    order_subtotal as subtotal,
    order_tax_amount as tax,
    order_tax_included as tax_included,
    order_shipping_amount as shipping,
    order_discount_amount as discount,
    order_total_amount as total,
    order_subtotal + case when order_tax_included then 0 else order_tax_amount end
    + order_shipping_amount - order_discount_amount as sum_of_parts
from source.events
where not ({adds_up})
order by record
limit 5
