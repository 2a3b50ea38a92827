"""Addresses of households and people."""

from django.urls import path

from amana.web.registry import snapshots, views

app_name = "registry"
urlpatterns = [
    path("households/", views.households, name="households"),
    path("households/<str:reference>", views.household, name="household"),
    path("households/<str:reference>/<slug:tab>", views.household, name="household-tab"),
    path("snapshots/", snapshots.snapshots, name="snapshots"),
    path("snapshots/take", snapshots.take, name="take-snapshot"),
    path("snapshots/<str:reference>", snapshots.snapshot, name="snapshot"),
    path("people/", views.people, name="people"),
    path("people/<str:reference>", views.person, name="person"),
    path("people/<str:reference>/<slug:tab>", views.person, name="person-tab"),
]
