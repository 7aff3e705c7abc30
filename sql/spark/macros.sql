-- The names of sql/source/macros.sql with the bodies of Spark and Sail. These are put into the text of a select in the place of
-- its calls, because not every server has functions that a session makes. A parameter stands for its argument, in parentheses.

create or replace macro days_between(first_day, last_day) as (
    cast(datediff(cast(last_day as date), cast(first_day as date)) as bigint)
);

create or replace macro each_day_of_year(of_year) as (
    explode(
        sequence(make_date(cast(of_year as int), 1, 1), make_date(cast(of_year as int), 12, 31), interval 1 day)
    )
);

create or replace macro month_name(of_day) as (date_format(of_day, 'MMMM'));
create or replace macro weekday_name(of_day) as (date_format(of_day, 'EEEE'));

-- By the day of the week from Sunday on, of which no engine has another idea; a week is of the year of its Thursday.
create or replace macro iso_year(of_day) as (
    year(date_add(of_day, 4 - ((dayofweek(of_day) + 5) % 7 + 1)))
);
create or replace macro iso_weekday(of_day) as ((dayofweek(of_day) + 5) % 7 + 1);

-- Whole numbers, of which Spark's decimals hold 38 digits: what is left over is taken away first, then the division is exact.
create or replace macro exact_mean(total, n) as (
    cast(
        cast(
            case when total < 0 then -1 else 1 end
            * (
                (
                    cast(2 * abs(cast(total as decimal(28, 4))) * 10000 + n as decimal(38, 0))
                    - cast(2 * abs(cast(total as decimal(28, 4))) * 10000 + n as decimal(38, 0)) % cast(2 * n as decimal(38, 0))
                )
                / cast(2 * n as decimal(38, 0))
            )
            as decimal(28, 0)
        ) * cast(0.0001 as decimal(5, 4))
        as decimal(22, 4)
    )
);

create or replace macro line_amount(amount, quantity) as (cast(amount * quantity as decimal(38, 2)));

-- A line comes to less than 10^18, so that the product has 38 digits at most.
create or replace macro report_amount(amount, rate) as (
    case
        when rate = 1 then cast(amount as decimal(38, 2))
        else coalesce(cast(cast(amount as decimal(20, 2)) * cast(rate as decimal(17, 10)) as decimal(38, 2)), 0)
    end
);
create or replace macro report_unit_amount(amount, rate) as (
    case
        when rate = 1 then cast(amount as decimal(38, 4))
        else coalesce(cast(cast(amount as decimal(18, 4)) * cast(rate as decimal(17, 10)) as decimal(38, 4)), 0)
    end
);

create or replace macro extra_value(extra, name) as (get_json_object(extra, concat('$.', name)));

create or replace macro fine_mean(total, n) as (
    cast(
        (
            cast(total * cast(10000000000000000 as decimal(17, 0)) as decimal(38, 0))
            - cast(total * cast(10000000000000000 as decimal(17, 0)) as decimal(38, 0)) % cast(n as decimal(38, 0))
        )
        / cast(n as decimal(38, 0))
        as decimal(38, 0)
    )
);

create or replace macro mean_of_means(fine_total, k) as (
    cast(
        cast(
            case when fine_total < 0 then -1 else 1 end
            * (
                (
                    cast(2 * (abs(fine_total) + k) + cast(1000000000000 as decimal(13, 0)) * k as decimal(38, 0))
                    - cast(2 * (abs(fine_total) + k) + cast(1000000000000 as decimal(13, 0)) * k as decimal(38, 0))
                    % cast(cast(2000000000000 as decimal(13, 0)) * k as decimal(38, 0))
                )
                / cast(cast(2000000000000 as decimal(13, 0)) * k as decimal(38, 0))
            )
            as decimal(28, 0)
        ) * cast(0.0001 as decimal(5, 4))
        as decimal(22, 4)
    )
);
