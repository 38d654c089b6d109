-- Bulk: what was asked of every row of an upload is asked once for all that a statement adds.

-- What rows name is there. A foreign key asks row by row, which was a quarter of what an upload cost the server. Its other half,
-- that what is named stays, needs no asking: nothing that these columns name is ever deleted, or given another key.
create function names_are_known() returns trigger language plpgsql as $$
declare
    question text;
    stranger record;
begin
    select string_agg(format(
        'select %1$L as said_by, cast(said.%1$I as text) as name from (select distinct %1$I from added) as said '
        'where said.%1$I is not null and not exists (select from %2$I as known where known.id = said.%1$I)',
        tg_argv[place], tg_argv[place + 1]), ' union all ') || ' limit 1'
    into question
    from generate_series(0, tg_nargs - 1, 2) as place;
    -- executed, to be planned for the tables as they are by now: a session would keep the plan for empty ones
    execute question into stranger;
    if stranger.said_by is not null then
        raise exception 'a row of % names % as its %, which is not there', tg_table_name, stranger.name, stranger.said_by
        using errcode = '23503', table = tg_table_name, column = stranger.said_by,
              constraint = tg_table_name || '_' || stranger.said_by || '_fkey';
    end if;
    return null;
end
$$;

do $$
declare
    named record;
begin
    for named in
        select conrelid::regclass as source, string_agg(format('%L, %L', attname, confrelid::regclass), ', ' order by attnum) as names,
               string_agg(format('drop constraint %I', conname), ', ') as dropped
        from pg_constraint
        join pg_attribute on attrelid = conrelid and attnum = conkey[1]
        where contype = 'f' and conrelid in (
            'building'::regclass, 'footprint'::regclass, 'alias'::regclass, 'stage_entry'::regclass, 'upload_row'::regclass, 'event'::regclass
        )
        group by conrelid
    loop
        execute format('alter table %s %s', named.source, named.dropped);
        execute format(
            'create trigger names_are_known after insert on %s referencing new table as added '
            'for each statement execute function names_are_known(%s)', named.source, named.names
        );
    end loop;
end
$$;

-- an office may get another name, and stays
create trigger refuse_delete before delete on office for each row execute function refuse_change();
create trigger refuse_truncate before truncate on office for each statement execute function refuse_change();

-- The columns of an event are compared with its text once a statement, which was read twice for each event before. Its body was
-- stored twice as well: whoever wants it reads the text.
drop trigger event_reads_itself on event;
drop function event_reads_itself();
alter table event drop constraint event_seq;
-- a canonical text has its number there, and need not be read as a whole
alter table event add constraint event_seq
    check (strpos(canonical, ',"seq":' || seq || ',"subject":') > 0 or seq = (canonical::jsonb ->> 'seq')::bigint);
alter table event drop column body;

create function event_reads_itself() returns trigger language plpgsql as $$
declare
    wrong bigint;
begin
    select a.seq into wrong
    from added a
    cross join json_to_record(a.canonical::json) as said (seq bigint, kind text, subject text, actor text, previous text)
    where (said.seq, said.kind, said.subject, said.actor, decode(said.previous, 'hex'))
          is distinct from (a.seq, a.kind, a.subject, a.actor, a.previous_hash)
    limit 1;
    if wrong is not null then
        raise exception 'event % does not say what its columns do', wrong using errcode = '23514', constraint = 'event_reads_itself';
    end if;
    return null;
end
$$;
create trigger event_reads_itself after insert on event
    referencing new table as added for each statement execute function event_reads_itself();

-- The same rule as before: only the first event that is added has the one before it elsewhere.
create or replace function event_follows() returns trigger language plpgsql as $$
declare
    wrong bigint;
begin
    select a.seq into wrong
    from (
        select seq, previous_hash, lag(seq) over line as before, lag(leaf_hash) over line as hash
        from added
        window line as (order by seq)
    ) a
    where case
        when a.before is not null then a.before <> a.seq - 1 or a.previous_hash is distinct from a.hash
        when a.seq = 0 then a.previous_hash is not null
        else a.previous_hash is null or a.previous_hash is distinct from (select leaf_hash from event where seq = a.seq - 1)
        end
    order by a.seq
    limit 1;
    if wrong is not null then
        raise exception 'event % does not follow the one before it', wrong using errcode = '23514', constraint = 'event_follows';
    end if;
    return null;
end
$$;

-- The same ground as before: boxes in the same cells, as most buildings of a street are, are told apart no more.
create or replace function lock_ground(west float8[], south float8[], east float8[], north float8[])
returns void language plpgsql as $$
declare
    everywhere constant bigint := (76::bigint << 40) - 1;
    most constant integer := 1000;
    cells bigint[];
    is_wide boolean;
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        -- an older snapshot would not see what another transaction registered before this lock was had
        raise exception 'ground is locked in READ COMMITTED only' using errcode = '25001';
    end if;
    if exists (
        select from pg_locks
        where pid = pg_backend_pid() and locktype = 'advisory' and mode = 'ExclusiveLock' and granted
          and (classid::bigint << 32) + objid::bigint = everywhere
    ) then
        return;
    end if;
    select max((100 * (e - w) + 2) * (100 * (n - s) + 2)) > most into is_wide
    from unnest(west, south, east, north) as box (w, s, e, n);
    if not is_wide then
        select array_agg(distinct cell order by cell) into cells
        from (
            select min(w) as w, min(s) as s, max(e) as e, max(n) as n
            from unnest(west, south, east, north) as box (w, s, e, n)
            group by floor((w - 0.00002 + 180) * 100), floor((s - 0.00002 + 90) * 100),
                     floor((e + 0.00002 + 180) * 100), floor((n + 0.00002 + 90) * 100)
        ) as box, ground_cells(w, s, e, n) as cell;
    end if;
    if is_wide or cardinality(cells) > most then
        perform pg_advisory_xact_lock(everywhere);
    else
        perform pg_advisory_xact_lock_shared(everywhere);
        perform pg_advisory_xact_lock(cell) from unnest(cells) as cell;
    end if;
end
$$;
