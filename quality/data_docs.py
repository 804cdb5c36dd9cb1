"""Great Expectations' static pages about the latest run of each door."""

from __future__ import annotations

import shutil
from html import escape
from pathlib import Path
from typing import Any

from quality.suites import DOORS


def build(context: Any, door: str, home: Path) -> Path:
    """Writes the pages of the validations that the context has seen; the site's front page.

    Only the latest run is kept (quality.check_results has the history), so the folder does not
    grow.
    """
    docs = home / "docs"
    shutil.rmtree(docs / door, ignore_errors=True)
    context.add_data_docs_site(
        site_name=door,
        site_config={
            "class_name": "SiteBuilder",
            "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
            "store_backend": {
                "class_name": "TupleFilesystemStoreBackend",
                "base_directory": str((docs / door).resolve()),
            },
        },
    )
    context.build_data_docs(site_names=[door])
    return _front_page(docs)


def _front_page(docs: Path) -> Path:
    links = "\n".join(
        f'<li><a href="{escape(door)}/index.html">{escape(door)}</a></li>'
        for door in DOORS
        if (docs / door / "index.html").exists()
    )
    page = docs / "index.html"
    page.write_text(
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Checks at the doors</title>'
        f"<h1>Checks at the doors</h1><ul>\n{links}\n</ul></html>\n",
        encoding="utf-8",
    )
    return page
