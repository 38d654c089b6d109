-- How many living buildings stand in each H3 cell of a resolution, and on how much ground?
-- A cell's parent has the parent's resolution in bits 52 to 55, and all ones from the parent's last digit on.
select
    to_hex(
        (cell & ~(cast(15 as bigint) << 52)) | (cast(:resolution as bigint) << 52)
        | ((cast(1 as bigint) << (3 * (15 - cast(:resolution as integer)))) - 1)
    ) as h3,
    cast(sum(buildings) as bigint) as buildings, sum(area_m2) as area_m2
from (
    -- first by as many letters as say the parent: footprints are nearly as many as cells of their own
    select cast(cast('x0' || rpad(left(h3, 2 + (10 + 3 * cast(:resolution as integer)) / 4), 15, '0') as bit(64)) as bigint) as cell,
           count(*) as buildings, sum(area_m2) as area_m2
    from footprint
    -- each has a cell: said for the index, which serves those alone who ask for it
    where replaced_at is null and h3 > ''
      and (cast(:offices as integer[]) is null or office_id = any(cast(:offices as integer[])))
    group by 1
) as fine
group by 1
order by 1
