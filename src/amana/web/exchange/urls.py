"""Addresses of the blueprint and the dictionary."""

from django.urls import path

from amana.web.exchange import views

app_name = "exchange"
prefix = ""
urlpatterns = [
    path("blueprint/", views.blueprint, name="blueprint"),
    path("blueprint/dictionary", views.dictionary, name="dictionary"),
    path("blueprint/dictionary/<str:code>", views.variable, name="variable"),
]
