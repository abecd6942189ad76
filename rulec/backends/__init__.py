"""A policy and its tree to artifacts; each backend says what it cannot express."""
