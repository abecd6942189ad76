"""Providers, models and capabilities: what nobody uses, what cannot serve what is sent to it."""
