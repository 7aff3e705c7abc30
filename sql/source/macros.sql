-- What DuckDB needs spelled out. Another engine brings its own bodies under the same names.

-- The mean of n amounts whose exact sum is given: exact to 4 decimals, rounded half away from zero.
-- DuckDB divides decimals as doubles; whole numbers it divides exactly.
create or replace macro exact_mean(total, n) as (
    cast(
        cast(
            sign(total)
            * ((2 * cast(abs(cast(total as decimal(38, 4))) * 10000 as hugeint) + n) // (2 * n))
            as decimal(38, 0)
        ) * cast(0.0001 as decimal(5, 4))
        as decimal(22, 4)
    )
);

-- One of the means that a mean of means is made of, to 16 decimals, cut towards zero.
create or replace macro fine_mean(total, n) as (
    cast(
        cast(cast(total as decimal(38, 2)) * 100 as hugeint) * 100000000000000 // n
        as decimal(38, 0)
    )
);

-- The mean of k fine means: their sum is short of the exact one by less than k units of the 16th decimal,
-- which is given back before rounding, so that a tie is seen as one.
create or replace macro mean_of_means(fine_total, k) as (
    cast(
        cast(
            sign(fine_total)
            * (
                (2 * (abs(cast(fine_total as hugeint)) + k) + 1000000000000 * cast(k as hugeint))
                // (2 * 1000000000000 * cast(k as hugeint))
            )
            as decimal(38, 0)
        ) * cast(0.0001 as decimal(5, 4))
        as decimal(22, 4)
    )
);

-- Whether text is JSON. Text that is none stops a window, which is then read again with json_valid in the place of this.
create or replace macro is_json(value) as true;
