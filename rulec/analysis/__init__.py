"""A request in all of these regions and in none of those, or proof that there is none: what lint, diff and tests stand on.

`analysis` asks about the rules of a policy, `overlaps` about pairs of them; all that is asked is a call of
`question.find`. A rule is a formula (`formulas`, made by `regions`) over the dimensions of a request (`space`,
`dimensions`, `model_names`), which `solver` makes true; where a dimension is a text that patterns look at, `search` finds
a word by position automata (`language`). What is found is made a request (`draft`) and sent through the runtime (`replay`).

`differences` compares two policies. It stands on `compared`: rules that stand for each other (`pairing`), what they do
(`outcomes`), how much that differs (`grades`), and what was changed (`causes`).
"""
