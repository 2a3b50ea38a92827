"""Addresses of scoring models and runs."""

from django.urls import path

from amana.web.scoring import views

app_name = "scoring"
urlpatterns = [
    path("", views.models, name="models"),
    path("runs/<str:reference>", views.run, name="run"),
    path("<slug:code>", views.model, name="model"),
    path("<slug:code>/score", views.score, name="score"),
]
