"""What `analysis.differences` is made of: pairs of rules, what they do, how much that differs, and what was changed."""
