"""Dataframes in and out: pandas, polars, pyarrow, and what narwhals or Arrow can read.

Rules enforced here:
1. A missing value (null, NaN, NaT) becomes `None`; nothing else changes its meaning.
2. A whole number that a dataframe holds as a float only because of missing values becomes a whole
   number again; a timestamp at midnight becomes its date; any other value stays what it is.
3. No dataframe library is imported before somebody asks for it.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from datetime import datetime, time
from typing import Any, Literal, get_args

from randcheck.errors import MissingExtraError, ParameterError, shorten

Backend = Literal["pandas", "polars", "pyarrow"]


def read_columns(df: Any) -> dict[str, list[Any]]:
    """The columns of an eager dataframe as lists of Python values."""
    narwhals = _load("narwhals", "dataframe", "from_dataframe")
    frame = narwhals.from_native(df, eager_only=True, pass_through=True)
    if not isinstance(frame, narwhals.DataFrame):
        if not hasattr(df, "__arrow_c_stream__"):
            raise ParameterError(
                "df",
                shorten(type(df).__name__),
                "is no dataframe that can be read",
                "give a pandas, polars or pyarrow table (collect a lazy one first)",
            )
        pyarrow = _load("pyarrow", "pyarrow", "from_dataframe of an Arrow stream")
        frame = narwhals.from_native(pyarrow.table(df), eager_only=True)
    return {name: _values(frame[name]) for name in frame.columns}


def _values(series: Any) -> list[Any]:
    values = [
        None if missing else value
        for value, missing in zip(series.to_list(), series.is_null().to_list(), strict=True)
    ]
    if series.dtype.is_float():
        values = [None if value != value else value for value in values]  # NaN is not itself
        if all(value is None or float(value).is_integer() for value in values):
            return [None if value is None else int(value) for value in values]
    return [_day(value) for value in values] if series.dtype.is_temporal() else values


def _day(value: Any) -> Any:
    if isinstance(value, datetime) and value.time() == time():
        return value.date()
    return value


def build(columns: Mapping[str, Sequence[Any]], types: Mapping[str, str], backend: Backend) -> Any:
    """A dataframe of the backend from columns of Python values.

    `types` gives each column's type: `text`, `texts` (a list of texts), `date`, `int`, or `json`
    (text as well). Raises `ParameterError` for an unknown backend and `MissingExtraError` for one
    that is not installed.
    """
    if backend not in get_args(Backend):
        raise ParameterError(
            "backend", shorten(backend), "is unknown", f"one of {', '.join(get_args(Backend))}"
        )
    library = _load(backend, backend, f"to_dataframe(backend={backend!r})")
    if backend == "pandas":
        return library.DataFrame(
            {name: _pandas_column(library, values, types[name]) for name, values in columns.items()}
        )
    if backend == "polars":
        schema = {name: _polars_type(library, types[name]) for name in columns}
        return library.DataFrame({name: list(v) for name, v in columns.items()}, schema=schema)
    arrays = [
        library.array(list(v), type=_arrow_type(library, types[name]))
        for name, v in columns.items()
    ]
    return library.Table.from_arrays(arrays, names=list(columns))


def _pandas_column(pandas: Any, values: Sequence[Any], kind: str) -> Any:
    return pandas.Series(list(values), dtype="Int64" if kind == "int" else "object")


def _polars_type(polars: Any, kind: str) -> Any:
    types = {"texts": polars.List(polars.String), "date": polars.Date, "int": polars.Int64}
    return types.get(kind, polars.String)


def _arrow_type(pyarrow: Any, kind: str) -> Any:
    types = {
        "texts": pyarrow.list_(pyarrow.string()),
        "date": pyarrow.date32(),
        "int": pyarrow.int64(),
    }
    return types.get(kind, pyarrow.string())


def _load(package: str, extra: str, purpose: str) -> Any:
    try:
        return importlib.import_module(package)
    except ImportError:
        raise MissingExtraError(package, extra, purpose) from None
