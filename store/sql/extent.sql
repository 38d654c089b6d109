-- Where is anything at all? An edition that tells where it is complete need not be looked through.
select ST_XMin(box), ST_YMin(box), ST_XMax(box), ST_YMax(box)
from (
    select ST_Extent(geom) as box
    from (
        select geom from footprint where replaced_at is null
        union all
        select completeness from edition where completeness is not null
        union all
        select f.geom from feature f join edition e on e.id = f.edition_id where e.completeness is null
    ) as everything
) as extent
where box is not null
