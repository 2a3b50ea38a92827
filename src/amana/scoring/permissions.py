"""What one may be allowed to do with scoring models."""

from amana.access.permissions import declare

declare("scoring.view", "See scoring models and the counts of their runs")
declare("scoring.publish_model", "Publish a version of a scoring model from a blueprint")
declare("scoring.score_snapshot", "Score all households or people with a model")
