-- What a query of PostgreSQL itself answers with: one value.
{% macro value_in_postgres(sql) %}
    {% if execute %}
        {{ return(run_query("select * from postgres_query('pg', '" ~ sql | replace("'", "''") ~ "')").columns[0].values()[0]) }}
    {% endif %}
{% endmacro %}

-- Keys come when the rows are there: a load into a keyed table takes twice as long. To be called after the first one.
{% macro add_keys(clauses) %}
    {% if not is_incremental() %}
        call postgres_execute('pg', 'alter table {{ this.schema }}.{{ this.identifier }} {{ clauses }}')
    {% endif %}
{% endmacro %}
