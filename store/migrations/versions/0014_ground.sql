-- After a large delivery was undone, the planner takes a table for empty until its next analysis, and all of an index of current
-- rows for one page: whichever index knows of current rows is as good to it as that of what is asked for, and each building
-- of the next delivery would be looked for among all. So an index of current rows serves those alone who ask for its own column.
drop index footprint_current;
create unique index footprint_current on footprint (building_id) include (stage, valid_from)
    where replaced_at is null and building_id is not null;
drop index footprint_cell;
create index footprint_cell on footprint (h3) include (area_m2) where replaced_at is null and h3 is not null;
drop index footprint_fingerprint;
create unique index footprint_fingerprint on footprint (fingerprint, space) where replaced_at is null and fingerprint is not null;
drop index footprint_ground;
create index footprint_ground on footprint using gist (geom) where replaced_at is null and geom is not null;
drop index alias_held;
create unique index alias_held on alias (building_id, unit_id, scheme, value) nulls not distinct
    where valid_to is null and building_id is not null;

-- As before, but that the building of each footprint, too, is looked up by itself.
create or replace function footprint_keeps_its_ground() returns trigger language plpgsql as $$
declare
    taken_by text;
begin
    perform lock_ground(array_agg(ST_XMin(geom)), array_agg(ST_YMin(geom)), array_agg(ST_XMax(geom)), array_agg(ST_YMax(geom)))
    from added having count(*) > 0;
    -- The next statement sees what was committed before the locks were had. It is executed, to be planned anew: a session
    -- would keep the plan that it made when the table was small, which leaves the index on geom out. One footprint after the
    -- other (offset 0): the planner, who knows nothing of rows just added, would pair all with all.
    -- Facilities of a class cross and meet: only the same one twice is refused, by intersection over union.
    execute '
        select b.code
        from added a
        cross join lateral (
            select building_id, space, geom from footprint where geom && a.geom and replaced_at is null offset 0
        ) f
        cross join lateral (select code from building where id = f.building_id offset 0) b
        cross join lateral (select ST_Area(a.geom) as mine, ST_Area(f.geom) as theirs) as area
        where a.replaced_at is null
          and f.space = a.space
          and f.building_id <> a.building_id
          and ST_Intersects(a.geom, f.geom)
          and case when a.space in (''surface'', ''underground'')
              then ST_Area(ST_Intersection(a.geom, f.geom)) > 0.05 * least(mine, theirs)
              else ST_Area(ST_Intersection(a.geom, f.geom)) > 0.9 / 1.9 * (mine + theirs)
              end
        limit 1
    ' into taken_by;
    if taken_by is not null then
        raise exception 'the ground is taken by building %', taken_by using errcode = '23P01', detail = taken_by;
    end if;
    return null;
end
$$;

-- As before, but that each name is looked up by itself (offset 0).
create or replace function names_are_known() returns trigger language plpgsql set luotu.offices = 'all' as $$
declare
    question text;
    stranger record;
begin
    select string_agg(format(
        'select %1$L as said_by, cast(said.%1$I as text) as name from (select distinct %1$I from added) as said '
        'where said.%1$I is not null and not exists (select from %2$I as known where known.id = said.%1$I offset 0)',
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
