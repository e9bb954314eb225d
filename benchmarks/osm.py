"""Reading OpenStreetMap: a made-up extract through `mobility.import_osm` and through osmnx's own reader, in one run.

`python benchmarks/osm.py [POINTS]`: 1 000 000 without a number; osmnx, which keeps every point as a Python object,
reads a tenth. Seconds are those of the processor, all threads together.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import warnings
from pathlib import Path
from time import process_time

import numpy as np

PER_WAY = 10
"""Points of a way: eight that only bend it and two where others meet it."""


def write(path: Path, points: int, seed: int = 1) -> Path:
    """Write a net of streets: rows and columns of a grid, each stretch of two crossings a way, some with limits."""
    rng = np.random.default_rng(seed)
    side = max(2, int((points / (2 * (PER_WAY - 2) + 1)) ** 0.5))
    inner = PER_WAY - 2
    lat, lon = (42 + np.arange(side) * 0.01), (20 + np.arange(side) * 0.01)
    classes = rng.choice(["primary", "secondary", "tertiary", "residential"], 2 * side * side, p=[0.1, 0.2, 0.3, 0.4])
    limit = rng.random(2 * side * side)
    number = side * side + 1
    ways = []
    with path.open("w", encoding="utf-8") as file:
        file.write('<osm version="0.6" timestamp="2026-03-01T00:00:00Z">\n')
        for i in range(side):
            file.writelines(
                f'<node id="{i * side + j + 1}" lat="{lat[i]:.6f}" lon="{lon[j]:.6f}"/>\n' for j in range(side)
            )
        for i in range(side):
            for j in range(side):
                for k, (a, b) in enumerate(((i + 1, j), (i, j + 1))):
                    if a >= side or b >= side:
                        continue
                    refs = [i * side + j + 1, *range(number, number + inner), a * side + b + 1]
                    for n in range(inner):
                        part = (n + 1) / (inner + 1)
                        y, x = lat[i] + (a - i) * 0.01 * part, lon[j] + (b - j) * 0.01 * part
                        file.write(f'<node id="{number + n}" lat="{y:.6f}" lon="{x:.6f}"/>\n')
                    number += inner
                    ways.append((refs, 2 * (i * side + j) + k))
        for way, (refs, i) in enumerate(ways, 1):
            file.write(f'<way id="{way}">' + "".join(f'<nd ref="{r}"/>' for r in refs))
            file.write(f'<tag k="highway" v="{classes[i]}"/><tag k="name" v="Street {way}"/>')
            if limit[i] < 0.05:
                file.write(f'<tag k="maxweight" v="{int(limit[i] * 800) + 3}"/><tag k="bridge" v="yes"/>')
            file.write("</way>\n")
        file.write("</osm>\n")
    return path


def main() -> None:
    """Print seconds and ratios."""
    import osmnx as ox

    from mobility.osm import _Wanted, import_osm
    from mobility.osmfile import read

    points = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    import_osm(Path(__file__).parents[1] / "tests" / "cases" / "osm" / "border_town.osm")  # imports are not counted

    def timed(what, *given, **named):
        start = process_time()
        answer = what(*given, **named)
        return process_time() - start, answer

    with tempfile.TemporaryDirectory() as folder:
        small, large = (write(Path(folder) / f"{n}.osm", n) for n in (points // 10, points))
        read_small = timed(read, small, _Wanted("residential", "lines"))[0]
        all_small = timed(import_osm, small, roads="residential")[0]
        read_large = timed(read, large, _Wanted("residential", "lines"))[0]
        all_large, made = timed(import_osm, large, roads="residential")
        saved = timed(made.save, Path(folder) / "net")[0]
        ours = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        try:
            import osmium

            with osmium.SimpleWriter(str(Path(folder) / "l.osm.pbf")) as writer:
                for thing in osmium.FileProcessor(str(large)):
                    writer.add(thing)
            pbf = timed(import_osm, Path(folder) / "l.osm.pbf", roads="residential")[0]
        except ImportError:
            pbf = float("nan")
        counts = made.facts["counts"]
        size = large.stat().st_size / 1e6
        print(
            f"{counts['points']:,} points, {counts['ways']:,} ways, {size:.0f} MB of XML -> {counts['links']:,} links"
        )
        print(f"read XML      {read_large:6.1f} s   (a tenth: {read_small:.1f} s)")
        print(f"import XML    {all_large:6.1f} s   (a tenth: {all_small:.1f} s), memory {ours:,.0f} MB at most")
        print(f"import PBF    {pbf:6.1f} s")
        print(f"write folder  {saved:6.1f} s")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs, graph = timed(ox.graph_from_xml, small, simplify=False, retain_all=True)
            more, _ = timed(ox.simplify_graph, graph)
        print(f"osmnx, a tenth: graph_from_xml {theirs:.1f} s, simplify_graph {more:.1f} s")
        print(
            f"ratio, a tenth: reading {theirs / read_small:.1f}, reading and joining {(theirs + more) / all_small:.1f}"
        )


if __name__ == "__main__":
    main()
