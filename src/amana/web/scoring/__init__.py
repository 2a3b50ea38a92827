"""Pages of scoring: published models, what they ask and weigh, and their runs."""
