"""`python -m docs.tables`: rewrite the generated tables of all pages."""

from __future__ import annotations

from docs.tables.pages import PAGES, ROOT


def main() -> None:
    """Rewrite every page that has generated tables."""
    for path, write in PAGES.items():
        page = ROOT / path
        text = page.read_text(encoding="utf-8")
        if (new := write(text)) != text:
            page.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main()
