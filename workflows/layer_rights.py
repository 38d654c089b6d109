"""Who may see which layers: by a layer's security level, as the rights have it."""

from layers.catalogue_entries import Layer
from workflows.principals import Principal
from workflows.rights import allow, find_right

__all__ = ["allow_layer", "may_see"]


def may_see(principal: Principal, layer: Layer) -> bool:
    """Tell whether a principal may see a layer's features; where not, they are checked against and not shown."""
    return find_right(principal, "read_layers", kind=layer.security) is not None


def allow_layer(principal: Principal, layer: Layer) -> None:
    """Raise where a principal may not see a layer's features.

    Raises
    ------
    ForbiddenError
        The layer's security level is beyond the role.
    """
    allow(principal, "read_layers", kind=layer.security)
