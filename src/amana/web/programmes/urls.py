"""Addresses of programmes, runs, decisions and enrolments."""

from django.urls import path

from amana.web.programmes import enrolments, runs, views

app_name = "programmes"
urlpatterns = [
    path("", views.programmes, name="programmes"),
    path("runs/<str:reference>", runs.run, name="run"),
    path("runs/<str:reference>/approve", runs.approve, name="approve"),
    path("runs/<str:reference>/enrol", runs.enrol, name="enrol"),
    path("runs/<str:reference>/results.csv", runs.export, name="export"),
    path("enrolments/<str:reference>", enrolments.enrolment, name="enrolment"),
    path("enrolments/<str:reference>/suspend", enrolments.suspend, name="suspend"),
    path("enrolments/<str:reference>/reinstate", enrolments.reinstate, name="reinstate"),
    path("enrolments/<str:reference>/exit", enrolments.exit_, name="exit"),
    path("enrolments/<str:reference>/recipient", enrolments.recipient, name="recipient"),
    path("<slug:code>", views.programme, name="programme"),
    path("<slug:code>/target", runs.target, name="target"),
    path("<slug:code>/enrolments", enrolments.enrolments, name="enrolments"),
    path("<slug:code>/units/<str:reference>", views.decision, name="decision"),
    path("<slug:code>/units/<str:reference>/apply", views.apply, name="apply"),
]
