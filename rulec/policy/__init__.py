"""The nouns bound: providers, models, rules, routes and chains, and what they mean."""
