-- A trigger's function that notes every row that comes to or goes from a table.
create function {function}() returns trigger language plpgsql as $$
begin
    if tg_op <> 'INSERT' then
        execute format('insert into pg_temp.%I select *, true from old_rows', tg_argv[0]);
    end if;
    if tg_op <> 'DELETE' then
        execute format('insert into pg_temp.%I select *, false from new_rows', tg_argv[0]);
    end if;
    return null;
end
$$
