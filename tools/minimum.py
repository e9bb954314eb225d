"""Print the floors of pyproject.toml as pins, for a test run with the oldest releases that are allowed."""

import re
import tomllib
from pathlib import Path

project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
for requirement in [*project["dependencies"], *project["optional-dependencies"]["dev"]]:
    name, floor = re.fullmatch(r"([\w.-]+)>=([\w.]+).*", requirement).groups()
    print(f"{name}=={floor}.*")
