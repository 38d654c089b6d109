-- What are the hashes of some complete nodes of the tree? Those of level 0 are the leaves.
select wanted.level, wanted.position, coalesce(n.hash, e.leaf_hash) as hash
from unnest(cast(:levels as integer[]), cast(:positions as bigint[])) as wanted (level, position)
left join ledger_node n on n.level = wanted.level and n.position = wanted.position
left join event e on wanted.level = 0 and e.seq = wanted.position
