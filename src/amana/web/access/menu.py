"""What access adds to the side menu."""

from django.utils.translation import gettext_lazy as _

from amana.web import menu

menu.add(order=90, title=_("Users"), url="access:users", permission="access.view_users", icon="key")
menu.add(order=92, title=_("Runs"), url="access:runs", permission="access.view_runs", icon="clock")
menu.add(order=94, title=_("Audit"), url="access:audit", permission="access.view_audit", icon="eye")
