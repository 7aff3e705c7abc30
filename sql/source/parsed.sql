-- Raw events as nested text fields; null where the text is not JSON or is not plain.
--
-- DuckDB reads JSON generously: it takes trailing commas and NaN, passes numbers through doubles and does not tell 5
-- from "5". An event whose text matches the pattern below could be misread, so it is not read here: src/event/judge.ts
-- decides about it alone, and an accepted one comes back in a plain form, as judged. The alternatives, in order:
--   a comma before a closing bracket; NaN or Infinity; a number longer than a double holds, or with an exponent;
--   an escaped ASCII character, NUL included; then members with a value of another kind than expected:
--   text that is no string, or begins with white space or an escape, or is empty; an id with outer white space or an
--   escape; a negative price or cost; a reference that is no number; an amount in a string that is not a plain decimal.
select
    event_no,
    topic,
    partition,
    "offset",
    produced_at,
    from_json(
        case
            when
                json_valid(value)
                and (
                    judged
                    or not regexp_matches(
                    value,
                    ',\s*[\]}]'
                    '|[:\[,]\s*-?(?:[Ii]nf|[Nn]a[Nn])'
                    '|:\s*-?(?:[0-9.]{16}|[0-9.]+[eE])'
                    '|\\u00[0-7]'
                    '|"(?:transaction_id|event_type|event_version|event_timestamp|id|category)"\s*:\s*'
                    '(?:[^"\s]|"[\s\p{Z}\x{feff}\\"])'
                    '|"(?:type|country|city)"\s*:\s*(?:[^"\sn]|"[\s\p{Z}\x{feff}\\"])'
                    '|"(?:transaction_id|id)"\s*:\s*"(?:[^!-~]|[^"\\]*(?:\\|[^!-~]"))'
                    '|"(?:unit_price|cost)"\s*:\s*"?-'
                    '|"(?:status|payment_method|currency)"\s*:\s*[^-0-9\s]'
                    '|"(?:subtotal|tax_amount|shipping_amount|discount_amount|total_amount'
                    '|unit_price|quantity|discount|cost)"\s*:\s*'
                    '"(?:[^-0-9]|-?[0-9]*[^-0-9."]|-?[0-9]*\.[0-9]*[^0-9"]|-?[0-9]*\."|-?[."])'
                    )
                )
                then value
        end,
        '{"data": {"transaction_details": {
            "transaction_id": "VARCHAR",
            "event_type": "VARCHAR",
            "event_version": "VARCHAR",
            "event_timestamp": "VARCHAR",
            "customer": {"id": "VARCHAR", "type": "VARCHAR", "country": "VARCHAR", "city": "VARCHAR"},
            "order": {
                "status": "VARCHAR",
                "payment_method": "VARCHAR",
                "currency": "VARCHAR",
                "subtotal": "VARCHAR",
                "tax_amount": "VARCHAR",
                "shipping_amount": "VARCHAR",
                "discount_amount": "VARCHAR",
                "total_amount": "VARCHAR"
            },
            "items": [{
                "id": "VARCHAR",
                "category": "VARCHAR",
                "unit_price": "VARCHAR",
                "quantity": "VARCHAR",
                "discount": "VARCHAR",
                "cost": "VARCHAR"
            }]
        }}}'
    ).data.transaction_details as event
from source.unread
