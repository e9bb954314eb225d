"""Small solvers that share nothing with the package: tables as lists of dicts, answers by brute force."""
