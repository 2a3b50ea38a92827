"""Addresses of users, roles, runs and the audit trail."""

from django.urls import path

from amana.web.access import audit, runs, users

app_name = "access"
prefix = ""
urlpatterns = [
    path("users/", users.users, name="users"),
    path("users/add", users.add_user, name="add-user"),
    path("users/roles", users.roles, name="roles"),
    path("users/<str:username>", users.user, name="user"),
    path("users/<str:username>/give", users.give_role, name="give-role"),
    path("users/<str:username>/take/<int:assignment>", users.take_role, name="take-role"),
    path("runs/", runs.runs, name="runs"),
    path("runs/<str:reference>", runs.run, name="run"),
    path("runs/<str:reference>/cancel", runs.cancel, name="cancel-run"),
    path("audit/", audit.audit, name="audit"),
    path("audit/<int:key>", audit.event, name="event"),
]
