-- What engines and PostgreSQL spell differently, for selects of marts that PostgreSQL runs. sql/source/macros.sql has the
-- same for DuckDB, sql/spark/macros.sql for Spark.

create function medallion.days_between(first_day date, last_day date) returns bigint
language sql immutable parallel safe
return last_day - first_day;
comment on function medallion.days_between is 'Days from one date to another, by the calendar';

create function medallion.month_name(of_day date) returns text
language sql immutable parallel safe
return (array[
    'January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November',
    'December'
])[extract(month from of_day)];
comment on function medallion.month_name is 'The name of the month of a date, in English';

create function medallion.weekday_name(of_day date) returns text
language sql immutable parallel safe
return (array['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'])[extract(isodow from of_day)];
comment on function medallion.weekday_name is 'The name of the day of the week of a date, in English';

create function medallion.iso_year(of_day date) returns integer
language sql immutable parallel safe
return extract(isoyear from of_day);
comment on function medallion.iso_year is 'The year of the ISO 8601 week of a date';

create function medallion.iso_weekday(of_day date) returns integer
language sql immutable parallel safe
return extract(isodow from of_day);
comment on function medallion.iso_weekday is 'The day of the ISO 8601 week of a date: 1 is Monday';
