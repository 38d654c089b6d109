"""Errors of certificates.

RegistryError
└── CertificateError
    ├── FontError (RuntimeError)   no font is installed that the page can be set in
    └── RecordError (ValueError)   a file that holds no certificate
"""

from geocode import Text
from registry.errors import RegistryError

__all__ = ["CertificateError", "FontError", "RecordError"]


class CertificateError(RegistryError):
    """The root of the errors of certificates; says itself in both languages."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


class FontError(CertificateError, RuntimeError):
    """No font is installed that the page can be set in."""


class RecordError(CertificateError, ValueError):
    """A file that holds no certificate."""
