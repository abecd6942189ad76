"""The compiler checks its own output: what was emitted must decide as the rules mean, or nothing is written.

`readback` reads the tables of the emitted module back as conditions, `proof` shows of every rule that these take the
requests that the rule means and no others, and `check` sends a request for every rule through the module (`emitted`).
Where anything differs, `report` says what a maintainer needs.
"""
