"""The addresses of the API."""

from django.urls import path

from amana.api.main import api

urlpatterns = [path("", api.urls)]
