-- Where is the city? Where the first building stands, or else the first feature of any layer.
select ST_X(middle) as lon, ST_Y(middle) as lat
from (
    select ST_PointOnSurface(geom) as middle
    from (
        (select 1 as rank, geom from footprint where replaced_at is null order by id limit 1)
        union all
        (select 2 as rank, geom from feature order by id limit 1)
    ) as first
    order by rank
    limit 1
) as ground
