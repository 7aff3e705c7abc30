-- What a mapping does with the text of one value, where it is plainly such a value; else null. A value that is there and is
-- null here makes its event doubtful. A number has become text by way of a double where it has a fraction.

-- Whether a text may differ from what was sent, or is an object, a list or blank: it begins with white space or a bracket, or
-- looks like a number whose zeros at the end were lost. Nearly all texts begin with a letter.
create or replace macro is_odd_text(sent) as (
    case
        when (sent >= ':' and sent < '[') or (sent >= '\' and sent < '{') then false
        else regexp_matches(
            sent, '^(?:[\s\x0b\p{Z}\x{feff}{\[]|-?[0-9]+(?:\.[0-9]+(?:e[-+][0-9]+)?|e[-+][0-9]+)$)'
        )
    end
);

create or replace macro plain_text(sent) as (case when not is_odd_text(sent) then sent end);

-- A version that is the same whether it was sent as a text or as a number.
create or replace macro plain_version(sent) as (case when regexp_full_match(sent, '1(?:\.[0-9])?') then sent end);

-- A text without white space at either end.
create or replace macro plain_id(sent) as (
    case when not is_odd_text(sent) and not regexp_matches(sent, '[\s\x0b\p{Z}\x{feff}]$') then sent end
);

-- A name as the dimensions' are compared; of letters whose lower case every language has alike.
create or replace macro plain_name(sent) as (
    case when strlen(sent) = length(sent) then lower(plain_id(sent)) end
);

create or replace macro plain_flag(sent) as (case sent when 'true' then true when 'false' then false end);

create or replace macro plain_amount(sent) as (
    case
        when regexp_full_match(sent, '-?(?:0|[1-9][0-9]{0,11})(?:\.[0-9]{1,4}0*)?') then cast(sent as decimal(18, 4))
    end
);

-- A price or cost, which is not negative.
create or replace macro not_negative(amount) as (case when amount >= 0 then amount end);

-- An amount that has no more than 4 decimals: what has more is rounded once, by the judge.
create or replace macro exact_amount(amount) as (
    case when try_cast(amount as decimal(18, 4)) = amount then try_cast(amount as decimal(18, 4)) end
);

-- An amount of which `share` is what one unit sent is worth: 0.01 of cents.
create or replace macro scaled_amount(amount, share) as (exact_amount(cast(amount as decimal(38, 4)) * share));

-- What units at an amount each come to, exactly. DuckDB fails where a product of narrow decimals has more than 18 digits.
create or replace macro line_total(amount, quantity) as (
    case
        when abs(amount) < 100000 and quantity < 1000000
            then cast(cast(amount as decimal(9, 4)) * cast(quantity as decimal(9, 3)) as decimal(38, 7))
        else cast(cast(amount as decimal(38, 4)) * quantity as decimal(38, 7))
    end
);

-- An amount of a sum; one that is none makes the sum too large for any event.
create or replace macro summand(sent) as (
    case
        when sent is null or sent = '' then 0
        else coalesce(cast(plain_amount(sent) as decimal(38, 4)), cast('1e30' as decimal(38, 4)))
    end
);

create or replace macro plain_quantity(sent) as (
    case when regexp_full_match(sent, '[1-9][0-9]{0,6}(?:\.0+)?') then cast(sent as decimal(12, 3)) end
);

-- Of goods by weight.
create or replace macro plain_fraction(sent) as (
    case when regexp_full_match(sent, '(?:0|[1-9][0-9]{0,6})(?:\.[0-9]{1,3}0*)?') then cast(sent as decimal(12, 3)) end
);

-- What one unit has of an amount of a line, where the units are whole.
create or replace macro unit_share(amount, quantity) as (
    case
        when quantity = cast(quantity as bigint) then cast(exact_mean(amount, cast(quantity as bigint)) as decimal(18, 4))
    end
);

create or replace macro plain_rate(sent) as (
    case when regexp_full_match(sent, '(?:0|[1-9][0-9]{0,8})(?:\.[0-9]{1,10}0*)?') then sent end
);

-- A time from microseconds since 1970, as ISO 8601.
create or replace macro iso_of_micros(micros) as (
    case when micros < 253402300800000000 then strftime(make_timestamp(micros), '%Y-%m-%dT%H:%M:%S.%fZ') end
);
