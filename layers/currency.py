"""Currency: the day whose state of the world a layer's data shows, and whether that is too long ago."""

from datetime import date

from geocode.faults import Text
from layers.catalogue_entries import Layer
from layers.remarks import remark

__all__ = ["doubt_currency", "months_between"]


def doubt_currency(layer: Layer, currency: date | None, day: date) -> Text | None:
    """Return why “nothing here” is to be doubted on a day: the data are older than the layer's rule; None where they are not.

    Data of which nobody said how old they are, and layers that hold until they are replaced, are not doubted.
    """
    most = layer.max_age_months
    if most is None or currency is None or months_between(currency, day) < most:
        return None
    return remark("data_outdated", layer=layer.code, currency=currency.isoformat(), months=most)


def months_between(first: date, last: date) -> int:
    """Return how many whole months lie between two days; negative where the first is the later."""
    return (last.year - first.year) * 12 + last.month - first.month - (last.day < first.day)
