"""The error of relating: two frames that cannot be related as they are given."""

from registry.errors import RegistryError

__all__ = ["SurveyError"]


class SurveyError(RegistryError, ValueError):
    """Frames that are not in one projected plane in metres, an index that is not unique, or a statement about none."""
