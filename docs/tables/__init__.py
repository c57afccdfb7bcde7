"""The generated parts of the documentation: tables that repeat what models, routes and settings say.

`make docs` (`python -m docs.tables`) writes them. `tests/architecture/test_generated_docs.py` fails while a page is
stale. Each module has a function that takes the text of a page and returns it with current tables.
"""
