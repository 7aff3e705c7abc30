-- The event in a jsonb: as it is; out of the string that some clients wrap JSON in; or, where only its inner part was
-- stored, in its envelope again.
case jsonb_typeof(payload)
    when 'string' then payload #>> '{}'
    when 'object' then
        case
            when payload ? 'data' then payload
            when payload ? 'transaction_details' then jsonb_build_object('data', payload)
            when payload ? 'transaction_id' then
                jsonb_build_object('data', jsonb_build_object('transaction_details', payload))
            else payload
        end::text
    else payload::text
end
