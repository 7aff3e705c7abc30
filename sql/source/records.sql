-- Raw records of another shape, and whether the text of each means what DuckDB reads. As in parsed.sql, a record that could be
-- misread is left to the judge. The alternatives, in order:
--   anything before the object, as a byte order mark; a comma before a closing bracket; NaN or Infinity; -0, which loses its
--   sign; a number with an exponent, or with a fraction and more digits than a double holds; an escaped control character.
-- Whole numbers keep all their digits.
select
    *,
    coalesce(
        is_json(value)
        and not regexp_matches(
            value,
            '^[^\s{]'
            '|,\s*[\]}]'
            '|[:\[,]\s*-?(?:[Ii]nf|[Nn]a[Nn])'
            '|[:\[,]\s*-0[^.]'
            '|[:\[,]\s*-?(?:[0-9.]+[eE]|[0-9]{12,}\.|[0-9]+\.[0-9]{13}|[0-9]{4,}\.[0-9]{5})'
            '|\\u00[01]'
        ),
        false
    ) as is_plain
from source.unread
