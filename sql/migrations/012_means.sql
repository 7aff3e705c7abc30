-- The exact means of additive marts, whose derived columns PostgreSQL evaluates. sql/source/macros.sql has the same for
-- DuckDB, and says why.

create function medallion.exact_mean(total numeric, n numeric) returns numeric
language sql immutable parallel safe
return sign(total) * div(2 * abs(total) * 10000 + n, 2 * n) * 0.0001;
comment on function medallion.exact_mean is
'The mean of n amounts whose exact sum is given: exact to 4 decimals, rounded half away from zero';

create function medallion.fine_mean(total numeric, n numeric) returns numeric
language sql immutable parallel safe
return div(total * 10000000000000000, n);
comment on function medallion.fine_mean is
'One of the means that a mean of means is made of, in units of 10^-16, cut towards zero';

create function medallion.mean_of_means(fine_total numeric, k numeric) returns numeric
language sql immutable parallel safe
return sign(fine_total) * div(2 * (abs(fine_total) + k) + 1000000000000 * k, 2000000000000 * k) * 0.0001;
comment on function medallion.mean_of_means is
'The mean of k fine means, whose sum is short of the exact one by less than k units of the 16th decimal: exact to 4 decimals, rounded half away from zero';
