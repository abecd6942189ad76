"""Tests leave no trees of their rule sets in the user's home."""

import os

os.environ["RULEC_CACHE"] = "off"
