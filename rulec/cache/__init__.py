"""Rule sets that were compiled before, kept between runs: entries, the bytes of a tree in parts, and what is read later."""
