-- The house: offices, documents, the register of buildings, the blueprint's editions.
-- Rows are added and closed, never changed: see the guards at the end.

create table office (
    id integer generated always as identity primary key,
    code text not null unique,
    name_zh text not null,
    name_en text not null,
    division text check (division ~ '^[0-9]{6}$'),
    recorded_at timestamptz not null default now()
);

create table api_key (
    id integer generated always as identity primary key,
    office_id integer not null references office,
    role text not null check (role in ('surveyor', 'planner', 'registrar', 'auditor', 'admin')),
    label text not null,
    key_sha256 text not null unique,
    recorded_at timestamptz not null default now(),
    revoked_at timestamptz
);

-- Delivered files, stored by their SHA-256 outside the database.
create table document (
    id integer generated always as identity primary key,
    office_id integer not null references office,
    sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
    name text not null,
    size_bytes bigint not null,
    recorded_at timestamptz not null default now(),
    unique (office_id, sha256)
);

-- One delivery of footprints. The same bytes with the same options are the same upload.
create table upload (
    id uuid primary key default gen_random_uuid(),
    office_id integer not null references office,
    document_id integer not null references document,
    options jsonb not null,
    actor text not null,
    report jsonb not null,
    recorded_at timestamptz not null default now(),
    unique (office_id, document_id, options)
);

create table building (
    id uuid primary key default gen_random_uuid(),
    office_id integer not null references office,
    code text not null unique check (code ~ '^[0-9A-HJ-NP-RTUWXY]{13}$'),
    ground text not null generated always as (left(code, 11)) stored,
    recorded_at timestamptz not null default now()
);
create index building_ground on building (ground text_pattern_ops);

-- Geometry versions of buildings. The current one is not replaced.
create table footprint (
    id bigint generated always as identity primary key,
    building_id uuid not null references building,
    office_id integer not null references office,
    upload_id uuid not null references upload,
    version integer not null,
    stage text not null,
    name text,
    fingerprint text not null,
    h3 text not null,
    area_m2 double precision not null,
    plane text not null,
    plane_area_m2 double precision not null,
    perimeter_m double precision not null,
    attributes jsonb not null default '{}',
    geom geometry(MultiPolygon, 4490) not null check (ST_IsValid(geom) and not ST_IsEmpty(geom)),
    valid_from date not null default current_date,
    -- the statement's time: the transaction began before it waited for the ground, so its time may be before its predecessor's
    recorded_at timestamptz not null default statement_timestamp(),
    replaced_at timestamptz,
    unique (building_id, version)
);
create unique index footprint_current on footprint (building_id) where replaced_at is null;
create unique index footprint_fingerprint on footprint (fingerprint) where replaced_at is null;
create index footprint_ground on footprint using gist (geom) where replaced_at is null;

-- What became of each row of an upload: rows in the file = rows here.
create table upload_row (
    upload_id uuid not null references upload,
    row_number integer not null,
    office_id integer not null references office,
    source_id text,
    name text,
    outcome text not null check (outcome in ('new', 'same', 'revised', 'refused')),
    building_id uuid references building,
    area_m2 double precision,
    fault jsonb,
    primary key (upload_id, row_number)
);

create table alias (
    id bigint generated always as identity primary key,
    building_id uuid not null references building,
    office_id integer not null references office,
    scheme text not null,
    value text not null,
    source text not null,
    valid_from date not null default current_date,
    valid_to date,
    recorded_at timestamptz not null default now()
);
create unique index alias_held on alias (building_id, scheme, value) where valid_to is null;
create index alias_value on alias (value);

create table event (
    seq bigint generated always as identity primary key,
    building_id uuid not null references building,
    office_id integer not null references office,
    kind text not null,
    actor text not null,
    body jsonb not null,
    occurred_at timestamptz not null,
    recorded_at timestamptz not null default statement_timestamp()
);
create index event_building on event (building_id, seq);

-- A dated state of one layer of the blueprint.
create table edition (
    id integer generated always as identity primary key,
    office_id integer not null references office,
    layer text not null,
    title text not null,
    source text not null,
    source_layer text not null,
    source_sha256 text not null,
    accuracy_m double precision not null check (accuracy_m >= 0),
    currency date,
    valid_from date not null,
    valid_to date check (valid_to > valid_from),
    completeness geometry(MultiPolygon, 4490),
    features integer not null,
    recorded_at timestamptz not null default now(),
    unique nulls not distinct (office_id, layer, source_sha256, source_layer, valid_from, valid_to)
);
create index edition_layer on edition (layer, valid_from);

create table feature (
    id bigint generated always as identity primary key,
    edition_id integer not null references edition,
    office_id integer not null references office,
    row_number integer not null,
    source_id text,
    name text,
    class_code text,
    valid_from date,
    valid_to date,
    attributes jsonb not null default '{}',
    geom geometry(Geometry, 4490) not null
);
create index feature_ground on feature using gist (geom);
create index feature_edition on feature (edition_id);

-- Cells of 0.01 degrees (about 1 km) that a box touches, as advisory lock keys. With a margin of 1 to 2 m: two footprints
-- whose centroids lie in one cell of the building code, 1.3 m wide, meet in a cell, and are given a generation each.
create function ground_cells(west float8, south float8, east float8, north float8)
returns setof bigint language sql immutable strict parallel safe rows 4 as $$
    select (76::bigint << 40) + x * 18002 + y
    from generate_series(floor((west - 0.00002 + 180) * 100)::bigint, floor((east + 0.00002 + 180) * 100)::bigint) x,
         generate_series(floor((south - 0.00002 + 90) * 100)::bigint, floor((north + 0.00002 + 90) * 100)::bigint) y
$$;

-- Hold the ground under some boxes until the transaction ends: their cells in order, so that two transactions never wait for
-- each other, or all the ground where the cells are too many for the lock table, which all sessions share.
create function lock_ground(west float8[], south float8[], east float8[], north float8[])
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
        from unnest(west, south, east, north) as box (w, s, e, n), ground_cells(w, s, e, n) as cell;
    end if;
    if is_wide or cardinality(cells) > most then
        perform pg_advisory_xact_lock(everywhere);
    else
        perform pg_advisory_xact_lock_shared(everywhere);
        perform pg_advisory_xact_lock(cell) from unnest(cells) as cell;
    end if;
end
$$;

-- One building on one ground: no writer can skip this.
create function footprint_keeps_its_ground() returns trigger language plpgsql as $$
declare
    taken_by text;
begin
    perform lock_ground(array_agg(ST_XMin(geom)), array_agg(ST_YMin(geom)), array_agg(ST_XMax(geom)), array_agg(ST_YMax(geom)))
    from added having count(*) > 0;
    -- The next statement sees what was committed before the locks were had. It is executed, to be planned anew: a session
    -- would keep the plan that it made when the table was small, which leaves the index on geom out.
    execute '
        select b.code
        from added a
        join footprint f on f.geom && a.geom and f.replaced_at is null and f.building_id <> a.building_id
        join building b on b.id = f.building_id
        where a.replaced_at is null
          and ST_Intersects(a.geom, f.geom)
          and ST_Area(ST_Intersection(a.geom, f.geom)) > 0.05 * least(ST_Area(a.geom), ST_Area(f.geom))
        limit 1
    ' into taken_by;
    if taken_by is not null then
        raise exception 'the ground is taken by building %', taken_by using errcode = '23P01', detail = taken_by;
    end if;
    return null;
end
$$;
create trigger footprint_keeps_its_ground after insert on footprint
    referencing new table as added for each statement execute function footprint_keeps_its_ground();

-- Nothing is overwritten: a row may be closed once, and that is all.
create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% of %: its rows are added and never changed', lower(tg_op), tg_table_name using errcode = '55000';
end
$$;

-- The column that the trigger names closes a row. It is set once, and nothing else is.
create function close_only() returns trigger language plpgsql as $$
declare
    closing constant text := tg_argv[0];
begin
    if to_jsonb(old) -> closing = 'null' and to_jsonb(new) -> closing <> 'null'
       -- as bytes: a geometry loses digits in JSON
       and new *= jsonb_populate_record(old, jsonb_build_object(closing, to_jsonb(new) -> closing)) then
        return new;
    end if;
    raise exception '% rows are closed once and never changed', tg_table_name using errcode = '55000';
end
$$;

create trigger close_only before update on footprint for each row execute function close_only('replaced_at');
create trigger close_only before update on alias for each row execute function close_only('valid_to');
create trigger close_only before update on api_key for each row execute function close_only('revoked_at');
create trigger refuse_delete before delete on footprint for each row execute function refuse_change();
create trigger refuse_delete before delete on alias for each row execute function refuse_change();
create trigger refuse_delete before delete on api_key for each row execute function refuse_change();
create trigger refuse_change before update or delete on building for each row execute function refuse_change();
create trigger refuse_change before update or delete on event for each row execute function refuse_change();
create trigger refuse_change before update or delete on upload for each row execute function refuse_change();
create trigger refuse_change before update or delete on upload_row for each row execute function refuse_change();
create trigger refuse_change before update or delete on document for each row execute function refuse_change();
create trigger refuse_change before update or delete on edition for each row execute function refuse_change();
create trigger refuse_change before update or delete on feature for each row execute function refuse_change();
create trigger refuse_truncate before truncate on api_key for each statement execute function refuse_change();
create trigger refuse_truncate before truncate on footprint for each statement execute function refuse_change();
create trigger refuse_truncate before truncate on alias for each statement execute function refuse_change();
create trigger refuse_truncate before truncate on building for each statement execute function refuse_change();
create trigger refuse_truncate before truncate on event for each statement execute function refuse_change();
create trigger refuse_truncate before truncate on upload for each statement execute function refuse_change();
create trigger refuse_truncate before truncate on upload_row for each statement execute function refuse_change();
create trigger refuse_truncate before truncate on document for each statement execute function refuse_change();
create trigger refuse_truncate before truncate on edition for each statement execute function refuse_change();
create trigger refuse_truncate before truncate on feature for each statement execute function refuse_change();
