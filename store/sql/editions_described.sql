-- What is known of some editions, whose they are, and which documents they and those they rest on were read from?
select
    e.id, e.layer, e.title, e.accuracy_m, e.currency, e.valid_from, e.valid_to, e.recorded_at, e.kind,
    e.source_sha256, e.attributes,
    ST_AsBinary(e.completeness) as completeness, papers.documents
from edition e
cross join lateral (
    select json_agg(
        json_build_object(
            'edition', d.id, 'title', d.title, 'source', d.source, 'source_layer', d.source_layer,
            'sha256', d.source_sha256, 'currency', d.currency, 'office', json_build_object('zh', o.name_zh, 'en', o.name_en),
            'recorded_at', d.recorded_at
        )
        order by array_position(edition_chain(e.id), d.id)
    ) as documents
    from edition d
    join office o on o.id = d.office_id
    where d.id = any(edition_chain(e.id))
) papers
where e.id = any(cast(:editions as integer[]))
order by e.layer, e.id
