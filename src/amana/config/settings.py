"""Django's settings, made from the environment (see `environment.py` for every variable)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pghistory
from csp.constants import NONCE, NONE, SELF
from django.utils.translation import gettext_lazy as _

from amana.config.environment import read_environment
from amana.kernel import database_roles, postgres

_found = {name: entry.value for name, entry in read_environment().items()}
PACKAGE = Path(__file__).resolve().parents[1]

AMANA_HOME: Path = _found["AMANA_HOME"]
AMANA_DATA_KEY: bytes = _found["AMANA_DATA_KEY"]
SECRET_KEY: str = _found["AMANA_SECRET_KEY"]
DEBUG: bool = _found["AMANA_DEBUG"]
ALLOWED_HOSTS: list[str] = _found["AMANA_HOSTS"]

# --- the database: named, or our own; always as a role that owns nothing -------------------------

AMANA_EMBEDDED = _found["DATABASE_URL"] is None
if AMANA_EMBEDDED:
    _server = postgres.ensure_running(AMANA_HOME)
    _database: dict[str, Any] = {
        "NAME": _server.database,
        "USER": _server.user,
        "PASSWORD": "",
        "HOST": _server.host,
        "PORT": str(_server.port),
        "OPTIONS": {},
    }
else:
    _database = _found["DATABASE_URL"]
_role = database_roles.OWNER if _found["AMANA_DB_ROLE"] == "owner" else database_roles.APPLICATION
_options: dict[str, Any] = dict(_database["OPTIONS"])
_options["options"] = f"{_options.get('options', '')} -c role={_role}".strip()
if _found["AMANA_DB_POOL"]:
    _options["pool"] = {"min_size": 1, "max_size": _found["AMANA_DB_POOL"], "timeout": 30}
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        **_database,
        "OPTIONS": _options,
        "CONN_HEALTH_CHECKS": True,  # a database that was killed and came back is found again
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- the rooms ----------------------------------------------------------------------------------

ROOMS_WITH_TABLES = (
    "places",
    "access",
    "registry",
    "identity",
    "intake",
    "scoring",
    "programmes",
    "payments",
)
INSTALLED_APPS = [
    *(f"amana.{room}" for room in ROOMS_WITH_TABLES),
    "amana.exchange",
    "amana.web",
    "amana.api",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "django_htmx",
    "ninja",
    "pghistory",
    "pgtrigger",
    "procrastinate.contrib.django",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "amana.config.urls"
WSGI_APPLICATION = "amana.config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PACKAGE / "web" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "amana.web.context.shell",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# History: at statement level, since the row level is quadratic in bulk; events are append-only.
PGHISTORY_LEVEL = pghistory.Statement  # type: ignore[has-type]
PGHISTORY_APPEND_ONLY = True
PGHISTORY_ADMIN_ALL_EVENTS = False
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "jobs"

# --- signing in ---------------------------------------------------------------------------------

AUTH_USER_MODEL = "access.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ["username", "name", "email"]},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "amana.config.sign_in.ClosedAccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = LOGIN_URL
ACCOUNT_SESSION_REMEMBER = False
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ADAPTER = "amana.config.sign_in.SealedFactorAdapter"
MFA_TOTP_ISSUER = "Amana"

SESSION_COOKIE_NAME = "amana_session"
SESSION_COOKIE_AGE = 10 * 60 * 60  # seconds: a working day
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = "amana_csrf"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"

# --- headers ------------------------------------------------------------------------------------

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _found["AMANA_HTTPS"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _found["AMANA_HTTPS"] else None
SECURE_SSL_REDIRECT = False  # the proxy's work
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if _found["AMANA_HTTPS"] else 0
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    }
}

# --- words, days and files ----------------------------------------------------------------------

LANGUAGE_CODE: str = _found["AMANA_LANGUAGE"]
LANGUAGES = [
    ("en", _("English")),
    ("fr", _("French")),
    ("pt", _("Portuguese")),
    ("es", _("Spanish")),
    ("sw", _("Swahili")),
    ("ar", _("Arabic")),
]
LOCALE_PATHS = [PACKAGE / "locale"]
TIME_ZONE: str = _found["AMANA_TIME_ZONE"]
USE_TZ = True
USE_I18N = True
USE_THOUSAND_SEPARATOR = True

STATIC_URL = "/static/"
STATIC_ROOT = AMANA_HOME / "static"
MEDIA_ROOT = AMANA_HOME / "files"
_hashed = _found["AMANA_STATIC"] == "hashed"
WHITENOISE_USE_FINDERS = not _hashed
WHITENOISE_AUTOREFRESH = DEBUG
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if _hashed
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024  # form fields; files stream to disk
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
}
