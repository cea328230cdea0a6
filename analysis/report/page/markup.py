"""Markup. Every text is escaped here and nowhere else: `Html` is markup that is ready, a plain str is not."""

from __future__ import annotations

import html


class Html(str):
    """Markup that is safe to put in the page as it is."""


def safe(text: object) -> Html:
    """The text with what HTML would read as markup escaped; Html stays as it is."""
    return text if isinstance(text, Html) else Html(html.escape(str(text)))


def element(tag: str, *content: object, **attributes: str) -> Html:
    """<tag name="value">content</tag>; an attribute's trailing underscore is dropped (class_), other underscores become
    hyphens (aria_label)."""
    words = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{html.escape(value)}"' for name, value in attributes.items()
    )
    return Html(f"<{tag}{words}>{''.join(safe(part) for part in content)}</{tag}>")
