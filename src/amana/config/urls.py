"""The addresses served: signing in, the API, and the pages."""

from __future__ import annotations

from importlib.util import find_spec

from django.urls import include, path

# The pages come first: they take the place of what allauth would do by mail.
urlpatterns = []
if find_spec("amana.web.urls"):
    urlpatterns.append(path("", include("amana.web.urls")))
urlpatterns.append(path("accounts/", include("allauth.urls")))
if find_spec("amana.api.urls"):
    urlpatterns.append(path("api/", include("amana.api.urls")))
