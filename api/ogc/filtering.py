"""What of OGC API Features' parts on filters and sorting is implemented, as conformance classes."""

__all__ = ["FILTER_CONFORMANCE"]

_SPEC = "http://www.opengis.net/spec"
_FILTERING = ("queryables", "queryables-query-parameters", "filter", "features-filter")
_CQL2 = (
    *("cql2-text", "cql2-json", "basic-cql2", "advanced-comparison-operators", "case-insensitive-comparison"),
    *("accent-insensitive-comparison", "basic-spatial-functions", "basic-spatial-functions-plus", "spatial-functions"),
    *("temporal-functions", "array-functions", "property-property", "arithmetic"),
)
_SORTING = ("sortables", "sorting", "features-sorting")
FILTER_CONFORMANCE = (
    *(f"{_SPEC}/ogcapi-features-3/1.0/conf/{name}" for name in _FILTERING),
    *(f"{_SPEC}/cql2/1.0/conf/{name}" for name in _CQL2),
    *(f"{_SPEC}/ogcapi-features-8/1.0/conf/{name}" for name in _SORTING),
)
