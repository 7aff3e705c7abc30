-- Raw events as nested fields; null where the text is not JSON or is not plain.
--
-- DuckDB reads JSON generously: it takes trailing commas and NaN, passes numbers through doubles, rounds 4.5 to a whole
-- number and does not tell 5 from "5". An event whose text matches the pattern below could be misread, so it is not
-- read here: src/event/judge.ts decides about it alone, and an accepted one comes back in a plain form, as judged.
-- The alternatives, in order:
--   anything before the object, as a byte order mark; a comma before a closing bracket; NaN or Infinity; a number of
--   more digits than a double or the decimal type here holds, or of more than 4 decimals, or with an exponent; an
--   escaped ASCII character, NUL included;
--   text that is no string, or begins with white space or an escape, or is empty; an id with outer white space or an
--   escape; a reference or quantity that is not a plain whole number, as a name of one; what is neither true nor false;
--   an amount that is neither a number nor a plain decimal in a string; a negative price or cost.
-- What is left keeps its value: up to 4 decimals and 15 digits a double gives back exactly.
with raw as (
    select
        *,
        coalesce(
            is_json(value)
            and (
                judged
                or not regexp_matches(
                    value,
                    '^[^\s{]'
                    '|,\s*[\]}]'
                    '|[:\[,]\s*-?(?:[Ii]nf|[Nn]a[Nn])'
                    '|:\s*-?(?:[0-9]{14}|[0-9.]{16}|[0-9.]+[eE]|[0-9]+\.[0-9]{5})'
                    '|\\u00[0-7]'
                    '|"(?:transaction_id|event_type|event_version|event_timestamp|id|category)"\s*:\s*'
                    '(?:[^"\s]|"[\s\p{Z}\x{feff}\\"])'
                    '|"(?:type|country|city|ordered_at|refunds)"\s*:\s*(?:[^"\sn]|"[\s\p{Z}\x{feff}\\"])'
                    '|"(?:transaction_id|id|refunds)"\s*:\s*"(?:[^!-~]|[^"\\]*(?:\\|[^!-~]"))'
                    '|"(?:guest|tax_included)"\s*:\s*[^tfn\s]'
                    '|"(?:unit_price|cost)"\s*:\s*"?-'
                    '|"(?:status|payment_method|currency|quantity)"\s*:\s*[0-9]*[^0-9,}\s]'
                    '|"(?:subtotal|tax_amount|shipping_amount|discount_amount|total_amount'
                    '|exchange_rate|unit_price|discount|cost)"\s*:\s*(?:[^-0-9"n\s]'
                    '|"-?(?:[0-9.]*[^0-9."]|[0-9]*\.[0-9]*\.|\.|[0-9]*\."|"|0[0-9]|[0-9]{14}|[0-9]*\.[0-9]{5}))'
                )
            ),
            false
        ) as is_plain
    from source.unread
)

select
    event_no,
    topic,
    partition,
    "offset",
    produced_at,
    -- The text is kept only where it is needed again: it is by far the largest part of a batch.
    case when not is_plain then value end as value,
    from_json(
        case when is_plain then value end,
        '{"data": {"transaction_details": {
            "transaction_id": "VARCHAR",
            "event_type": "VARCHAR",
            "event_version": "VARCHAR",
            "event_timestamp": "VARCHAR",
            "ordered_at": "VARCHAR",
            "refunds": "VARCHAR",
            "customer": {"guest": "BOOLEAN", "id": "VARCHAR", "type": "VARCHAR", "country": "VARCHAR", "city": "VARCHAR"},
            "order": {
                "status": "INTEGER",
                "payment_method": "INTEGER",
                "currency": "INTEGER",
                "subtotal": "DECIMAL(18,4)",
                "tax_amount": "DECIMAL(18,4)",
                "shipping_amount": "DECIMAL(18,4)",
                "discount_amount": "DECIMAL(18,4)",
                "total_amount": "DECIMAL(18,4)",
                "tax_included": "BOOLEAN",
                "exchange_rate": "VARCHAR"
            },
            "items": [{
                "id": "VARCHAR",
                "category": "VARCHAR",
                "unit_price": "DECIMAL(18,4)",
                "quantity": "DECIMAL(12,3)",
                "discount": "DECIMAL(18,4)",
                "cost": "DECIMAL(18,4)"
            }]
        }}}'
    ).data.transaction_details as event,
    -- Of a source: the judge alone writes it.
    from_json(case when judged then value end, '{"extra": "VARCHAR"}').extra as extra
from raw
