-- What engines and PostgreSQL spell differently, with the bodies of DuckDB: models call these names and say nothing that
-- one of them alone understands. sql/spark/macros.sql has the bodies of Spark, sql/migrations those of PostgreSQL.

-- Days from one date to another, by the calendar.
create or replace macro days_between(first_day, last_day) as (
    datediff('day', cast(first_day as date), cast(last_day as date))
);

-- Every day of a year, each in a row of its own: stands alone in a select, as a column of it.
create or replace macro each_day_of_year(of_year) as (
    cast(
        unnest(
            generate_series(
                make_date(cast(of_year as integer), 1, 1), make_date(cast(of_year as integer), 12, 31), interval 1 day
            )
        ) as date
    )
);

-- The name of a date's month, and of its day of the week, in English.
create or replace macro month_name(of_day) as monthname(of_day);
create or replace macro weekday_name(of_day) as dayname(of_day);

-- The year of a date's ISO 8601 week, and its day of that week: 1 is Monday.
create or replace macro iso_year(of_day) as extract(isoyear from of_day);
create or replace macro iso_weekday(of_day) as extract(isodow from of_day);

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

-- What units at an amount each come to, rounded half away from zero. DuckDB multiplies decimals of up to 18 digits as such,
-- and fails where the product has more; the wide ones are three times slower.
create or replace macro line_amount(amount, quantity) as (
    case
        when abs(amount) < 100000 and quantity < 1000000
            then cast(cast(amount as decimal(9, 4)) * cast(quantity as decimal(9, 3)) as decimal(18, 2))
        else cast(cast(amount as decimal(38, 4)) * quantity as decimal(38, 2))
    end
);

-- An amount in the currency of the reports, rounded half away from zero; 0 where there is no rate. Most amounts are in it.
create or replace macro report_amount(amount, rate) as (
    case
        when rate = 1 then amount
        else coalesce(cast(amount * cast(rate as decimal(17, 10)) as decimal(38, 2)), 0)
    end
);
create or replace macro report_unit_amount(amount, rate) as (
    case
        when rate = 1 then amount
        else coalesce(cast(amount * cast(rate as decimal(17, 10)) as decimal(38, 4)), 0)
    end
);

-- What a source keeps of an order beyond the contract, by the name that it has there; null where it is not there.
create or replace macro extra_value(extra, name) as (json_extract_string(extra, '$.' || name));

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

-- A moment on the clocks of the shop; a batch makes this anew, with its zone.
create or replace macro shop_time(moment) as timezone('UTC', moment);

-- The moment that a text names, where it is plainly one; else null.
create or replace macro time_of(value) as (
    try_cast(
        case
            when
                regexp_full_match(
                    value,
                    '\d{4}-\d\d-\d\d[T ]([01]\d|2[0-3]):\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-](0\d|1[0-5])(:?[0-5]\d)?)?'
                )
                then value
        end as timestamptz
    )
);

-- An amount of one unit with 2 decimals, or 4 where it has more.
create or replace macro unit_amount_text(amount) as (
    case
        when amount = cast(amount as decimal(18, 2)) then cast(cast(amount as decimal(18, 2)) as varchar)
        else cast(cast(amount as decimal(18, 4)) as varchar)
    end
);

-- The content of an event as one text and its hash, which tells a repeated event from a correction: the values in the order of
-- the event, a semicolon between two; numbers as decimals of their scale, a moment as microseconds since 1970, a text with
-- its number of characters and a colon before it. What not every event has comes last, with its name, and only where it is
-- there, so that all others keep the hash they have had; so is it with decimals of units and their amounts. sql/migrations/023_units.sql
-- and 025_extra.sql have the same for PostgreSQL.
create or replace macro line_content(item_id, category, unit_price, quantity, discount, cost) as (
    cast(length(item_id) as varchar) || ':' || item_id || ';'
    || cast(length(category) as varchar) || ':' || category || ';'
    || unit_amount_text(unit_price) || ';'
    || case
        when quantity = cast(quantity as bigint) then cast(cast(quantity as bigint) as varchar)
        else cast(quantity as varchar)
    end || ';'
    || unit_amount_text(discount) || ';'
    || unit_amount_text(cost)
);

create or replace macro content_hash(
    event_type,
    event_version,
    event_timestamp,
    customer_id,
    customer_type,
    customer_country,
    customer_city,
    order_status_id,
    order_payment_method_id,
    order_currency_id,
    order_subtotal,
    order_tax_amount,
    order_shipping_amount,
    order_discount_amount,
    order_total_amount,
    ordered_at,
    refunds,
    tax_included,
    exchange_rate,
    extra,
    lines
) as (
    sha256(
        cast(length(event_type) as varchar) || ':' || event_type || ';'
        || cast(length(event_version) as varchar) || ':' || event_version || ';'
        || cast(epoch_us(event_timestamp) as varchar) || ';'
        || coalesce(cast(length(customer_id) as varchar) || ':' || customer_id, 'guest') || ';'
        || cast(length(customer_type) as varchar) || ':' || customer_type || ';'
        || cast(length(customer_country) as varchar) || ':' || customer_country || ';'
        || cast(length(customer_city) as varchar) || ':' || customer_city || ';'
        || cast(order_status_id as varchar) || ';'
        || cast(order_payment_method_id as varchar) || ';'
        || cast(order_currency_id as varchar) || ';'
        || cast(order_subtotal as varchar) || ';'
        || cast(order_tax_amount as varchar) || ';'
        || cast(order_shipping_amount as varchar) || ';'
        || cast(order_discount_amount as varchar) || ';'
        || cast(order_total_amount as varchar) || ';'
        || lines
        || case when ordered_at <> event_timestamp then ';ordered_at ' || cast(epoch_us(ordered_at) as varchar) else '' end
        || coalesce(';refunds ' || cast(length(refunds) as varchar) || ':' || refunds, '')
        || case when tax_included then ';tax_included' else '' end
        || coalesce(';exchange_rate ' || cast(exchange_rate as varchar), '')
        || coalesce(';extra ' || cast(length(extra) as varchar) || ':' || extra, '')
    )
);

-- Whether text is JSON. Text that is none stops a batch, which is then read again with json_valid in the place of this.
create or replace macro is_json(value) as true;

-- Four bytes that are nearly always different for different ids; only within one run of this engine.
create or replace macro short_hash(id) as (cast(hash(id) >> 32 as uinteger));
