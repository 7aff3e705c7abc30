-- DuckDB: events of a file of the archive that hold a text, or a backslash, behind which it may be escaped, and those at
-- some offsets. As bytes, as the judge reads them.
select "offset", encode(value)
from {archive}
where contains(value, {text}) or contains(value, '\') or "offset" in ({offsets})
