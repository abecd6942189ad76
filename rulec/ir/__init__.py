"""The decision tree: lowered from a policy, walked by explain, the analyser and the code generator alike."""
