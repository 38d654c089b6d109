-- On which days did other buildings stand near the ground of some (ids)?
-- A version holds until the day of a later one of its building, or until its life ended; what was registered by mistake never did.
with near as materialized (
    select own.id as own_id, other.id as other_id
    from footprint own
    cross join lateral (
        -- the ground first (offset 0): which building it is of no index is asked for
        select id, building_id, space from footprint where geom && own.geom and replaced_at is null
        union all
        select id, building_id, space from footprint where geom && own.geom and replaced_at is not null
        offset 0
    ) other
    where own.building_id = any(cast(:buildings as uuid[])) and other.space = own.space and other.building_id <> own.building_id
),
held as materialized (
    select f.id, f.building_id, f.space, f.plane, f.geom, f.valid_from, least(later.since, c.closed_on) as until
    from footprint f
    left join closure c on c.building_id = f.building_id and c.revoked_at is null
    cross join lateral (
        select min(each.valid_from) as since
        from footprint each
        where each.building_id = f.building_id and each.version > f.version
    ) later
    where f.id in (select own_id from near union select other_id from near) and c.reason is distinct from 'mistaken'
)
select
    cast(own.building_id as text) as building_id, b.code, own.space, own.plane,
    greatest(own.valid_from, other.valid_from) as since, least(own.until, other.until) as until,
    ST_AsBinary(own.geom) as geom, ST_AsBinary(other.geom) as other_geom
from near
join held own on own.id = near.own_id
join held other on other.id = near.other_id
join building b on b.id = other.building_id
where greatest(own.valid_from, other.valid_from) < coalesce(least(own.until, other.until), 'infinity')
order by until desc nulls first, b.code
