-- DuckDB: events of a file of the archive that hold a text, their keys and headers included, or a backslash, behind which it
-- may be escaped, and those at some offsets. As bytes, as the judge reads them.
select
    "offset",
    encode(value),
    key,
    key_bytes,
    headers
from {archive}
where
    contains(value, {text})
    or contains(value, '\')
    or contains(key, {text})
    or contains(hex(key_bytes), hex(encode({text})))
    or contains(headers, {text})
    or "offset" in ({offsets})
