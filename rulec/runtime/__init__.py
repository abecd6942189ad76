"""What travels inside the generated module: standard library only, imports nothing from the house.

The text of these modules is copied into every generated file and is licensed 0BSD, so that users own that file.
"""
