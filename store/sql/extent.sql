-- Where is anything at all?
select ST_XMin(box), ST_YMin(box), ST_XMax(box), ST_YMax(box)
from (
    select ST_Extent(geom) as box
    from (select geom from footprint where replaced_at is null union all select geom from feature) as everything
) as extent
where box is not null
