"""Addresses of payrolls and payments."""

from django.urls import path

from amana.web.payments import acts, single, views

app_name = "payments"
urlpatterns = [
    path("", views.payrolls, name="payrolls"),
    path("prepare", acts.prepare, name="prepare"),
    path("statuses", acts.ingest, name="ingest"),
    path("payment/<str:reference>", single.payment, name="payment"),
    path("payment/<str:reference>/hold", single.hold, name="hold"),
    path("payment/<str:reference>/release", single.release, name="release"),
    path("<str:reference>", views.payroll, name="payroll"),
    path("<str:reference>/payments", views.payments_of, name="payments"),
    path("<str:reference>/approve", acts.approve, name="approve"),
    path("<str:reference>/recheck", acts.recheck, name="recheck"),
    path("<str:reference>/discard", acts.discard, name="discard"),
    path("<str:reference>/export", acts.export, name="export"),
    path("<str:reference>/files/<str:name>", acts.download, name="file"),
    path("<str:reference>/retry", acts.retry, name="retry"),
]
