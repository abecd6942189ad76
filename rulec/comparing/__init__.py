"""Two states of a rule set: where they come from (folders, git revisions), how their differences read, whom they concern."""
