-- What are some buildings on a day, as known at a time?
-- The geometry version that holds, the stage entered last (or else that of the geometry), and the closure that stands.
-- A building that was not registered yet, or not known, has no version.
select
    cast(b.id as text) as building_id, b.code, b.kind, b.office_id, f.id as footprint_id, f.name, coalesce(e.stage, f.stage) as stage,
    f.version,
    f.lon, f.lat, c.reason, c.closed_on,
    (select min(recorded_at) from footprint where building_id = b.id) as first_known_at,
    (select min(valid_from) from footprint where building_id = b.id) as first_day
from unnest(cast(:buildings as uuid[])) as asked (id)
join building b on b.id = asked.id
left join lateral (
    select id, name, stage, version, ST_X(ST_PointOnSurface(geom)) as lon, ST_Y(ST_PointOnSurface(geom)) as lat
    from footprint
    where building_id = b.id and recorded_at <= cast(:known_at as timestamptz) and valid_from <= cast(:as_of as date)
    order by version desc
    limit 1
) f on true
left join lateral stage_entered_last(b.id, cast(:stages as text[]), cast(:as_of as date), cast(:known_at as timestamptz)) e on true
left join lateral (
    select reason, closed_on
    from closure
    where building_id = b.id and recorded_at <= cast(:known_at as timestamptz) and closed_on <= cast(:as_of as date)
      and coalesce(revoked_at > cast(:known_at as timestamptz), true)
    order by id desc
    limit 1
) c on true
