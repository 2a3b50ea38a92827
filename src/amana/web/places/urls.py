"""Addresses of areas, organisations and offices."""

from django.urls import path

from amana.web.places import views

app_name = "places"
prefix = ""
urlpatterns = [
    path("areas/", views.areas, name="areas"),
    path("areas/<str:code>", views.area, name="area"),
    path("organisations/", views.organisations, name="organisations"),
]
