"""Addresses of imports."""

from django.urls import path

from amana.web.intake import views

app_name = "intake"
urlpatterns = [
    path("imports/", views.imports, name="imports"),
    path("imports/new", views.new_import, name="new-import"),
    path("imports/<str:reference>", views.file_import, name="import"),
    path("imports/<str:reference>/errors", views.errors_file, name="errors"),
]
