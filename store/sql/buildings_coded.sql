-- Which buildings bear some codes?
select code, cast(id as text) as building_id from building where code = any(cast(:codes as text[])) order by code
