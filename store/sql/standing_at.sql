-- Which geometry versions stand on some grounds or within some metres of them, the nearest of each ground first?
-- One that was replaced counts where the question is about the past; whether it held then is not asked here.
select asked.n, cast(found.building_id as text) as building_id, found.id as footprint_id, found.distance_m,
       found.from_centre_m, ST_AsBinary(found.geom) as geom
from unnest(cast(:numbers as integer[]), cast(:grounds as bytea[]), cast(:reaches as float8[])) as asked (n, wkb, reach_m)
cross join lateral (select ST_SetSRID(ST_GeomFromWKB(asked.wkb), 4490) as geom) ground
cross join lateral (
    -- wide enough: a degree of latitude has 110.57 km or more
    select ST_Expand(
        ground.geom,
        asked.reach_m / (110570 * greatest(cos(radians(ST_YMax(ground.geom))), 0.01)),
        asked.reach_m / 110570
    ) as box
) near
cross join lateral (
    select candidate.*, ST_Distance(cast(geom as geography), cast(ground.geom as geography)) as distance_m,
           ST_Distance(
               cast(ST_Centroid(geom) as geography), cast(ST_Centroid(ground.geom) as geography)
           ) as from_centre_m
    from (
        -- in degrees, which cost little: the metres of the nearest alone are wanted
        select stood.*
        from (
            select building_id, id, geom from footprint where geom && near.box and replaced_at is null
            union all
            select building_id, id, geom from footprint where geom && near.box and replaced_at is not null and :past
        ) stood
        order by ST_Distance(stood.geom, ground.geom), stood.id
        limit :most
    ) candidate
) found
where found.distance_m <= asked.reach_m
order by asked.n, found.distance_m, found.from_centre_m, found.id
