"""Which fonts a certificate is set in: the installed ones, the first of a list that has Chinese."""

from functools import cache
from pathlib import Path

import typst

from geocode import Text
from registry.certificates.errors import FontError

__all__ = ["CHINESE", "LATIN", "MONO", "find_chinese"]

CHINESE = ("Noto Serif CJK SC", "Source Han Serif SC", "Songti SC", "SimSun", "Noto Sans CJK SC", "WenQuanYi Micro Hei")
"""Families in the order of preference: an official paper is set in Songti."""
LATIN, MONO = "Libertinus Serif", "DejaVu Sans Mono"
"""These two come with typst."""


@cache
def installed_fonts(folder: Path | None) -> typst.Fonts:
    """Return the fonts of the system and of a folder; looked for once, which takes a moment."""
    return typst.Fonts(include_system_fonts=True, include_embedded_fonts=True, font_paths=[folder] if folder else [])


def find_chinese(folder: Path | None = None) -> str:
    """Return the name of the first family of `CHINESE` that is installed.

    Parameters
    ----------
    folder
        Where fonts are beside those of the system.

    Raises
    ------
    FontError
        None is: the page would have blanks in the place of Chinese.
    """
    families = set(installed_fonts(folder).families())
    for name in CHINESE:
        if name in families:
            return name
    raise FontError(
        Text(
            "没有可用的中文字体,无法制作证书。请安装 Debian 软件包 fonts-noto-cjk,或将字体放入 LUOTU_FONTS 指定的文件夹。",
            "No Chinese font is installed, so no certificate can be set. "
            "Install Debian's package fonts-noto-cjk, or put a font into the folder that LUOTU_FONTS names.",
        )
    )
