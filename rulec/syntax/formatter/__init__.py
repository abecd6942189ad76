"""`rulec fmt`: one canonical layout for each surface, and each surface as the other; comments are never lost."""
