"""Indicators once more, with plain pandas, from nothing but the lines of an exported ledger.

It shares no code with the office: neither its states, nor its rules, nor its calendar.
"""

import json

import pandas as pd

#: Result codes that are a problem, and those that somebody must come back to.
PROBLEMS = {"not-disclosed", "false-disclosure", "unreachable", "obstructed", "corrected",
            "to-follow-up"}  # fmt: skip
FOLLOW_UP = PROBLEMS - {"corrected"}


def steps(export):
    """A row for each step that the export tells of."""
    rows = []
    for line in export.splitlines():
        event = json.loads(line)
        if event["kind"] == "office":
            body = event["body"]
            rows.append({**{key: body[key] for key in ("about", "id", "what", "data")},
                         "at": event["at"], "actor": event["actor"],
                         "sequence": event["sequence"]})  # fmt: skip
    frame = pd.DataFrame(rows)
    frame["day"] = (pd.to_datetime(frame["at"]) + pd.Timedelta(hours=8)).dt.strftime("%Y-%m-%d")
    return frame


def told(frame, about, what, *, last=False):
    """The steps of one kind, a row for each thing: its first, or its last; its data as columns."""
    some = frame[(frame["about"] == about) & (frame["what"] == what)].sort_values("sequence")
    some = some.drop_duplicates("id", keep="last" if last else "first").set_index("id")
    data = pd.DataFrame(list(some["data"]), index=some.index)
    return data.assign(day=some["day"], actor=some["actor"], sequence=some["sequence"])


def cases(frame):
    """A row for each case that was not voided."""
    out = told(frame, "case", "drawn")
    for name in ("risk_class",):
        if name not in out:
            out[name] = None
    out = out[~out.index.isin(told(frame, "case", "voided").index)].copy()
    seen = told(frame, "case", "inspected", last=True)
    if len(seen):
        ended = (pd.to_datetime(seen["ended"]) + pd.Timedelta(hours=8)).dt.strftime("%Y-%m-%d")
        out["ended"], out["by"] = ended.reindex(out.index), seen["by"].reindex(out.index)
    out["published"] = told(frame, "case", "published")["day"].reindex(out.index)
    said = frame[(frame["about"] == "case") & frame["what"].isin(["entered", "corrected"])]
    said = said.sort_values("sequence").drop_duplicates("id", keep="last").set_index("id")["data"]
    out["results"] = said.map(lambda data: data["results"]).reindex(out.index)
    return out


def said_by(frame, case, day):
    """What was found for a case, as it stood on a day."""
    said = frame[(frame["about"] == "case") & (frame["id"] == case) & (frame["day"] <= day)]
    said = said[said["what"].isin(["entered", "corrected"])].sort_values("sequence")
    return said["data"].iloc[-1]["results"]


def workdays(table, first, last):
    """Days that are worked, in order, as text, by a table of holidays and make-up days."""
    holidays, made_up = table
    days = pd.date_range(first, last)
    usual = (days.day_of_week < 5) & ~days.isin(pd.to_datetime(sorted(holidays)))
    kept = days[usual | days.isin(pd.to_datetime(sorted(made_up)))]
    return pd.Series(kept.strftime("%Y-%m-%d"))


def nth_after(worked, day, count):
    """The count-th working day after a day, or what comes after all days of the table."""
    after = worked[worked > day]
    return after.iloc[count - 1] if len(after) >= count else "9999"


def indicators(frame, *, first, last, as_of, table, regions=()):
    """Code → numerator and denominator, from `steps`. Days are ISO texts, `regions` prefixes."""
    own = cases(frame)
    if regions:
        own = own[own["region"].str.startswith(tuple(regions))]
    worked = workdays(table, "2026-01-01", "2026-12-31")
    out = {}

    draws = told(frame, "draw", "recorded")
    draws = draws[~draws.index.isin(told(frame, "draw", "voided").index)]
    draws = draws[draws["on"].between(first, last)]
    if regions:
        draws = draws[draws.index.isin(own["draw"])]
    out["risk-based"] = int(draws["risk_based"].sum()), len(draws)
    out["joint"] = int(draws["joint"].sum()), len(draws)

    drawn = own[own["on"].between(first, last)]
    registries = frame[(frame["about"] == "registry") & (frame["id"] == "subjects")]
    counts = [data for data in registries.sort_values("sequence")["data"] if data["on"] <= last]
    firms = 0
    if counts and not regions:
        firms = counts[-1]["count"]
    elif counts:
        firms = sum(sum(by.values()) for region, by in counts[-1]["counts"].items()
                    if region.startswith(tuple(regions)))  # fmt: skip
    out["coverage"] = drawn["subject"].nunique(), firms

    kinds = drawn["items"].map(lambda items: len(set(items.values())))
    out["visits-saved"] = int((kinds - 1).sum()), int(kinds.sum())

    ended = own[own["ended"].between(first, last)]
    due = ended["ended"].map(lambda day: nth_after(worked, day, 20))
    counted = ended["published"].notna() | (due < as_of)
    in_time = ended["published"].notna() & (ended["published"] <= due)
    out["published-in-time"] = int(in_time[counted].sum()), int(counted.sum())

    done = ended[ended["published"].notna()]
    days = [int(((worked > row.ended) & (worked <= row.published)).sum())
            for row in done.itertuples()]  # fmt: skip
    out["days-to-publish"] = sum(days), len(days)

    visits = ended["by"].explode().value_counts()
    out["workload-spread"] = (
        int(visits.max() * len(visits)) if len(visits) else 0,
        int(visits.sum()),
    )

    with_results = ended[ended["results"].notna()]
    for risk_class in ("A", "B", "C", "D", None):
        some = with_results["risk_class"]
        some = with_results[some.isna() if risk_class is None else some == risk_class]
        bad = some["results"].map(
            lambda results: any(each["code"] in PROBLEMS for each in results.values())
        )
        out[f"problems-{risk_class or 'none'}"] = int(bad.sum()), len(some)

    opened, closed = told(frame, "problem", "opened"), told(frame, "problem", "closed")
    extended = told(frame, "problem", "extended", last=True)
    total = followed = 0
    for row in own[own["published"].between(first, last)].itertuples():
        for item, result in row.results.items():
            if result["code"] in FOLLOW_UP:
                total += 1
                key = f"{row.Index}/{item}"
                if key in opened.index:
                    day = (extended if key in extended.index else opened).loc[key, "due"]
                    followed += key in closed.index or as_of <= day
    out["followed-up"] = followed, total

    visited, found = told(frame, "revisit", "drawn"), told(frame, "revisit", "found")
    same = both = 0
    for key, row in found.iterrows() if len(found) else ():
        case = visited.loc[key, "case"]
        if first <= row["on"] <= last and case in own.index:
            before = said_by(frame, case, visited.loc[key, "on"])
            for item, result in row["results"].items():
                if item in before:
                    both += 1
                    same += before[item]["code"] == result["code"]
    out["revisit-agreement"] = same, both
    return out
