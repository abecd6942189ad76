"""The regex dialect: RE2's syntax without what a finite automaton cannot do; compiled to matchers that never backtrack."""
