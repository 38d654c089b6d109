-- Where is anything at all? Newest statistics are not needed: the indexes' own boxes would do, the rows are exact.
select ST_XMin(box), ST_YMin(box), ST_XMax(box), ST_YMax(box)
from (
    select ST_Extent(geom) as box
    from (
        select geom from footprint where replaced_at is null
        union all
        select f.geom from feature f join edition e on e.id = f.edition_id
    ) as everything
) as extent
where box is not null
