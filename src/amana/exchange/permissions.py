"""What one may be allowed to do with blueprints."""

from amana.access.permissions import declare

declare("exchange.apply_blueprint", "Apply a blueprint: change areas, dictionary, rules and roles")
declare("exchange.view_blueprint", "See which blueprint is applied and its versions")
