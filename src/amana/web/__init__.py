"""The web face: server-rendered pages that are complete with scripts off.

A view parses, calls one command or query, and renders; it decides nothing. Each room has a folder
here (`web/<room>/`) with `views.py` and `urls.py`, and where it has them `menu.py` (its items in
the side menu) and `providers.py` (what it tells the home page and the household page). Every page
names its permission with `amana.web.pages.page`. How to write one: README.md beside this file.
"""
