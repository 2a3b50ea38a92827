"""Pages of intake: files that come in, their progress, and what was refused and why."""
