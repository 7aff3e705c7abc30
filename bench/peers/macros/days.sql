-- Days and times of the new events, as literals: PostgreSQL filters by them before a row is sent.
{% macro new_days() %}
    {% if execute %}
        {% set days = run_query("select distinct cast(event.event_timestamp as date) from " ~ ref('stg_events')).columns[0].values() %}
        {% for day in days %}date '{{ day }}'{{ ", " if not loop.last }}{% endfor %}
        {% if not days %}null{% endif %}
    {% endif %}
{% endmacro %}

{% macro first_moment() %}
    {% if execute %}
        timestamptz '{{ run_query("select cast(min(event.event_timestamp) as date) from " ~ ref('stg_events')).columns[0].values()[0] }}'
    {% endif %}
{% endmacro %}
