"""A made-up city to try things on: its subjects, items, inspectors and past draws.

Rules enforced here:
1. Nothing is real. The city 云汐市 and its counties do not exist, GB/T 2260 assigns no region code
   9901, and every name says 示例 (example) or is a pseudonym. Only the laws that items cite exist.
2. The shape is realistic: shares of trades, topics that overlap in one firm, and forms of codes are
   rounded aggregate shares in the manner of a real provincial register. No row of one is used.
3. A city is its arguments: random bits are PCG64's raw output, which NumPy keeps stable, turned
   into choices by whole-number arithmetic alone.

>>> made = city(subjects=200, inspectors=6)
>>> len(made.subjects), len(made.inspectors), len(made.catalog), made.regions["990102"]
(200, 6, 10, '甲子区')
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
from attrs import frozen
from numpy.random import PCG64

from randcheck.errors import ParameterError, shorten
from randcheck.fields import FrozenMapping
from randcheck.history import History
from randcheck.ids import CREDIT_ALPHABET
from randcheck.models import Item, Scope
from randcheck.registry import InspectorRegistry, ItemCatalog, SubjectRegistry

__all__ = ["AS_OF", "CITY_CODE", "CITY_NAME", "City", "city"]

Columns = dict[str, list[Any]]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

#: The day that certificates and past draws lie around.
AS_OF = date(2026, 7, 1)
#: The city's own region code; no subject stands under it, every county's begins with its 9901.
CITY_CODE, CITY_NAME = "990100", "云汐市"
#: The most subjects and inspectors for which ids are certain to stay unique.
MOST_SUBJECTS, MOST_INSPECTORS = 10_000_000, 99_999

_COUNTIES = tuple(f"9901{number:02}" for number in (2, 3, 4, 5, 21, 22, 23, 24, 25, 26, 27))
_COUNTY_NAMES = (
    "甲子区", "乙丑区", "丙寅区", "丁卯区", "戊辰县", "己巳县", "庚午县", "辛未县", "壬申县",
    "癸酉县", "甲戌县",
)  # fmt: skip
_COUNTY_SHARES = (19, 15, 12, 9, 9, 8, 7, 6, 6, 5, 4)  # percent of the subjects
_NAME_OF = dict(zip(_COUNTIES, _COUNTY_NAMES, strict=True))

_FIRM_KINDS = ("enterprise", "individual business", "cooperative")
_KIND_WORDS = ("公司", "经营部", "合作社")

# Items: id, word, basis, category, specialties.
_ITEMS: tuple[tuple[str, str, str, str, tuple[str, ...]], ...] = (
    ("food", "食品", "《食品安全法》第一百零九条", "key", ("food",)),
    ("catering", "餐饮服务", "《食品安全法》", "key", ("food",)),
    ("special-equipment", "特种设备安全", "《特种设备安全法》", "key", ("special equipment",)),
    ("medicine", "药品医疗器械", "《药品管理法》、《医疗器械监督管理条例》", "key", ("medicine",)),
    ("advertising", "广告", "《广告法》", "general", ()),
    ("metrology", "计量", "《计量法》", "general", ("metrology",)),
    ("product-quality", "产品质量", "《产品质量法》", "general", ()),
    ("pricing", "价格", "《价格法》", "general", ()),
    ("online-trade", "网络交易", "《电子商务法》、《网络交易监督管理办法》", "general", ()),
    ("disclosure", "公示信息", "《企业信息公示暂行条例》", "general", ()),
)
# The topics, each the tag of a firm and the id of an item; "disclosure" is every firm's.
_TOPICS = tuple(item for item, *_ in _ITEMS if item != "disclosure")
_QUALITY, _PRICE, _NET = ("product-quality",), ("pricing",), ("online-trade",)
_FOOD_SHOP, _FOOD_MAKER = ("food", *_PRICE), ("food", *_QUALITY)
_EQUIPPED = ("special-equipment",)

# Rounded aggregate shares in the manner of a real provincial register: a third of the firms has no
# topic but disclosure, three in ten make things, a quarter is retail or lodging, a tenth is food.
# ‰ of the firms, percent of individual businesses and of cooperatives among them, code of
# GB/T 4754-2017, word in names, topics.
_TRADES: tuple[tuple[int, int, int, str, str, tuple[str, ...]], ...] = (
    (60, 5, 0, "E4710", "建筑", ()), (50, 30, 0, "E5011", "装饰", ()),
    (25, 20, 0, "E4910", "机电安装", ()), (75, 50, 0, "F5165", "建材", ()),
    (35, 30, 0, "F5164", "金属材料", ()), (40, 50, 0, "G5431", "货运", ()),
    (20, 0, 0, "K7010", "置业", ()), (20, 5, 0, "I6513", "软件", ()),
    (20, 70, 0, "O8111", "汽车维修", ()), (15, 20, 60, "A0141", "蔬菜种植", ()),
    (80, 15, 0, "C3311", "金属结构", _QUALITY), (60, 20, 0, "C2927", "塑料制品", _QUALITY),
    (45, 35, 0, "C1819", "服装制造", _QUALITY), (40, 40, 0, "C2110", "家具制造", _QUALITY),
    (40, 0, 0, "C3011", "水泥", _QUALITY), (20, 15, 0, "C2223", "纸制品", _QUALITY),
    (35, 70, 0, "F5211", "百货", _PRICE), (35, 80, 0, "F5232", "服装", _PRICE),
    (40, 80, 0, "F5281", "五金", _PRICE), (15, 60, 0, "H6129", "旅馆", _PRICE),
    (15, 80, 0, "H6220", "快餐", ("catering",)), (10, 95, 0, "H6291", "小吃", ("catering",)),
    (13, 0, 0, "K7020", "物业", _EQUIPPED), (2, 0, 0, "R9020", "游乐园", _EQUIPPED),
    (6, 0, 0, "I6432", "网络平台", _NET), (14, 60, 0, "F5292", "网店", _NET),
    (15, 30, 0, "L7259", "广告", ("advertising",)), (5, 0, 0, "M7452", "检测", ("metrology",)),
    (10, 0, 0, "F5151", "医药批发", ("medicine",)),
    (16, 30, 0, "F5251", "药房", ("medicine", *_PRICE)), (30, 60, 0, "F5212", "超市", _FOOD_SHOP),
    (25, 85, 0, "F5213", "便利食品", _FOOD_SHOP), (12, 85, 5, "F5223", "果蔬", _FOOD_SHOP),
    (8, 75, 0, "F5226", "酒茶", _FOOD_SHOP), (8, 30, 0, "C1431", "米面制品", _FOOD_MAKER),
    (10, 50, 0, "C1411", "糕点", _FOOD_MAKER), (4, 10, 60, "C1311", "粮食加工", _FOOD_MAKER),
    (8, 60, 0, "H6210", "正餐", ("catering", *_PRICE)),
    (6, 0, 0, "H6110", "酒店", _EQUIPPED + _PRICE),
    (7, 0, 0, "F5265", "加油站", ("metrology", *_PRICE)),
    (6, 0, 0, "C3411", "锅炉制造", _EQUIPPED + _QUALITY),
)  # fmt: skip

# How many further topics a firm takes up, in ‰ for 0 to 3, by how many its trade has (0 to 2):
# so that 33 %, 44 %, 16 %, 5 % and 2 % of the firms have 1, 2, 3, 4, and 5 or more items.
_FURTHER = ((917, 60, 15, 8), (840, 110, 35, 15), (720, 200, 60, 20))
# Which ones, as rough weights in the order of _TOPICS: for other trades, for those with customers.
_FURTHER_TOPICS = ((3, 1, 3, 1, 6, 4, 6, 5, 5), (6, 2, 1, 3, 7, 3, 4, 6, 4))
_WITH_CUSTOMERS = ("F52", "H", "O", "R")

_RISKS, _RISK_SHARES = ("A", "B", "C", "D", None), (405, 485, 80, 20, 10)  # ‰; None: a new firm
_STATUSES, _STATUS_SHARES = ("active", "suspended", "revoked", "cancelled"), (930, 15, 25, 30)  # ‰
_CITY_CODE_SHARE = 15  # percent of the codes, given by the city's own office
_LETTERED_SHARE = 9  # percent of the enterprises whose organisation code begins with MA
_NAME_STARTS, _NAME_SHARES = ("{}", CITY_NAME, CITY_NAME + "{}"), (60, 20, 20)  # {}: the county

_ATTACHED_SHARE, _REST_SHARE = 40, 10  # ‰ of the subjects
_EQUIPMENT, _EQUIPMENT_SHARES = ("电梯", "压力容器", "锅炉", "大型游乐设施"), (60, 24, 14, 2)
# Natural persons (operators of equipment, sellers online) and others: kind, word, industry, tags.
_REST: tuple[tuple[str, str, str | None, tuple[str, ...]], ...] = (
    ("natural person", "自然人", None, ("special-equipment operator",)),
    ("natural person", "自然人", None, _NET),
    ("other", "学校食堂", "P8321", ("catering",)),
    ("other", "医院", "Q8411", ("medicine", "metrology")),
    ("other", "集贸市场", "L7223", ("food", "metrology", "pricing")),
)
_REST_SHARES = (40, 20, 15, 10, 15)  # percent

# What inspectors hold, with weights. Of every 40, two generalists hold everything.
_EVERYTHING = ("food", "medicine", "metrology", "special equipment")
_HOLDINGS = (
    ("food",), ("food", "metrology"), ("food", "medicine"), ("food", "special equipment"),
    ("food", "medicine", "metrology"), ("food", "metrology", "special equipment"),
    ("special equipment",), ("medicine",), ("metrology", "special equipment"),
)  # fmt: skip
_HOLDING_SHARES = (18, 18, 18, 18, 10, 8, 4, 3, 3)
_CITYWIDE_SHARE, _NEIGHBOUR_SHARE = 30, 20  # percent; who works in a second county too
_EXPIRED_SHARE, _CONFLICTED_SHARE, _UNLIMITED_SHARE = 25, 150, 150  # ‰

_HISTORY_SHARE, _AGAIN_SHARE = 5, 15  # percent of the firms; percent of these drawn twice
_HISTORY_MONTHS = tuple((2025 + month // 12, month % 12 + 1) for month in range(18))


@frozen
class City:
    """A made-up city: two registries, a list of items, past draws, and the counties' names.

    `regions` maps each county's region code to its name. Equality is that of the data.
    """

    subjects: SubjectRegistry
    catalog: ItemCatalog
    inspectors: InspectorRegistry
    history: History
    regions: FrozenMapping


def city(subjects: int = 20_000, inspectors: int = 240, seed: int = 0) -> City:
    """The made-up city of this size: the same arguments give the same city everywhere.

    `subjects` (1 to 10,000,000) counts the rows of the registry of subjects, `inspectors`
    (1 to 99,999) those of inspectors; `seed` is any whole number from 0. Certificates and past
    draws lie around `AS_OF`. Raises `ParameterError`, a `ValueError`.
    """
    _check("subjects", subjects, 1, MOST_SUBJECTS)
    _check("inspectors", inspectors, 1, MOST_INSPECTORS)
    _check("seed", seed, 0, None)
    dice = _Dice(seed)
    attached, rest = subjects * _ATTACHED_SHARE // 1000, subjects * _REST_SHARE // 1000
    firms = _firms(dice, subjects - attached - rest)
    parts = (firms, _attached(dice, attached, firms), _rest(dice, rest))
    columns = {
        name: [value for part in parts for value in part.get(name, [None] * len(part["id"]))]
        for name in firms
    }
    return City(
        subjects=SubjectRegistry.from_columns(columns),
        catalog=ItemCatalog.from_records(_items()),
        inspectors=InspectorRegistry.from_columns(_inspectors(dice, inspectors, firms["id"])),
        history=History.from_columns(_history(dice, firms)),
        regions=FrozenMapping(_NAME_OF),
    )


def _check(name: str, value: object, least: int, most: int | None) -> None:
    if type(value) is not int or value < least or (most is not None and value > most):
        limit = f"give an int from {least}" + ("" if most is None else f" to {most}")
        raise ParameterError(name, shorten(value), "is no such number", limit)


class _Dice:
    """Whole-number choices from the raw 64-bit output of one generator."""

    def __init__(self, seed: int) -> None:
        self._bits = PCG64(seed)

    def raw(self, size: int) -> npt.NDArray[np.uint64]:
        return np.asarray(self._bits.random_raw(size), dtype=np.uint64)

    def below(self, bound: int, size: int) -> Ints:
        """Numbers from 0 to `bound` - 1, for a `bound` up to 2^31, even to one in 2^32."""
        high = self.raw(size) >> np.uint64(32)
        return (high * np.uint64(bound) >> np.uint64(32)).astype(np.int64)

    def choose(self, weights: Sequence[int], size: int) -> Ints:
        """Positions in `weights`, each as likely as its whole-number weight says."""
        edges = np.cumsum(np.array(weights, dtype=np.int64))
        return np.searchsorted(edges, self.below(int(edges[-1]), size), side="right")

    def some(self, values: Sequence[Any], weights: Sequence[int], size: int) -> list[Any]:
        return [values[place] for place in self.choose(weights, size).tolist()]

    def percent(self, share: int, size: int) -> Mask:
        return self.below(100, size) < share

    def pick(self, count: int, size: int) -> Ints:
        """`count` different positions below `size`, in random order."""
        return np.argsort(self.raw(size), kind="stable")[:count]


def _firms(dice: _Dice, size: int) -> Columns:
    county = dice.choose(_COUNTY_SHARES, size)
    trade = dice.choose([weight for weight, *_ in _TRADES], size)
    individual, cooperative = np.array([row[1:3] for row in _TRADES], dtype=np.int64)[trade].T
    part = dice.below(100, size)
    kind = np.where(part < individual, 1, np.where(part < individual + cooperative, 2, 0))
    codes = _credit_codes(dice, kind, county)
    rows = zip(
        dice.some(_NAME_STARTS, _NAME_SHARES, size), *_lists(county, trade, kind), strict=True
    )
    return {
        "id": codes,
        "name": [
            f"{start.format(_COUNTY_NAMES[c])}示例{_TRADES[t][4]}{_KIND_WORDS[k]}{number:05}号"
            for number, (start, c, t, k) in enumerate(rows, start=1)
        ],
        "kind": [_FIRM_KINDS[k] for k in kind.tolist()],
        "region": [_COUNTIES[c] for c in county.tolist()],
        "industry": [_TRADES[t][3] for t in trade.tolist()],
        "tags": _topics(dice, trade),
        "risk_class": dice.some(_RISKS, _RISK_SHARES, size),
        "status": dice.some(_STATUSES, _STATUS_SHARES, size),
        "owner": [None] * size,
        "credit_code": codes,
    }


def _lists(*columns: Ints) -> list[list[int]]:
    return [column.tolist() for column in columns]


def _topics(dice: _Dice, trade: Ints) -> list[tuple[str, ...]]:
    """The topics of each firm: those of its trade, and perhaps some more."""
    has = np.array([[topic in own for topic in _TOPICS] for *_, own in _TRADES])[trade]
    further = np.zeros(len(trade), dtype=np.int64)
    for count, shares in enumerate(_FURTHER):
        rows = np.flatnonzero(has.sum(axis=1) == count)
        further[rows] = dice.choose(shares, len(rows))
    rows = np.flatnonzero(further)
    customers = np.array([row[3].startswith(_WITH_CUSTOMERS) for row in _TRADES])[trade[rows]]
    keys = (dice.raw(len(rows) * len(_TOPICS)) >> np.uint64(24)).astype(np.int64)
    keys = keys.reshape(-1, len(_TOPICS)) // np.array(_FURTHER_TOPICS)[customers.astype(np.int64)]
    keys[has[rows]] = 1 << 62  # those of the trade come last
    order = np.argsort(keys, axis=1, kind="stable")
    for place in range(3):
        more = further[rows] > place
        has[rows[more], order[more, place]] = True
    sets = [
        tuple(sorted(topic for bit, topic in enumerate(_TOPICS) if number >> bit & 1))
        for number in range(1 << len(_TOPICS))
    ]
    return [sets[number] for number in (has @ (1 << np.arange(len(_TOPICS)))).tolist()]


def _credit_codes(dice: _Dice, kind: Ints, county: Ints) -> list[str]:
    """Different unified social credit codes (GB 32100-2015), one a firm.

    A code is: authority and type (91, 92, 93), region, organisation code with its check character
    (GB 11714), check character. Organisation codes are different images of the row's number.
    """
    size = len(kind)
    by_city = dice.percent(_CITY_CODE_SHARE, size)
    lettered = (kind == 1) | (dice.percent(_LETTERED_SHARE, size) & (kind == 0))
    start = dice.below(1 << 30, 1)
    spread = np.arange(size, dtype=np.int64) * 17_320_509 + start  # coprime to both spaces
    region = np.array([int(code) for code in _COUNTIES], dtype=np.int64)[county]
    values = np.zeros((size, 18), dtype=np.int64)
    values[:, :2] = _places(91 + kind, 10, 2)
    values[:, 2:8] = _places(np.where(by_city, int(CITY_CODE), region), 10, 6)
    values[:, 8:16] = _places(10_000_000 + spread % 70_000_000, 10, 8)
    values[lettered, 8:11] = [CREDIT_ALPHABET.index(char) for char in "MA0"]
    values[lettered, 11:16] = _places(spread[lettered] % 31**5, 31, 5)
    in_36 = np.array([int(char, 36) for char in CREDIT_ALPHABET], dtype=np.int64)
    check = -(in_36[values[:, 8:16]] @ np.array((3, 7, 9, 10, 5, 8, 4, 2))) % 11
    values[:, 16] = np.where(check == 10, CREDIT_ALPHABET.index("X"), check)
    values[:, 17] = -(values[:, :17] @ np.array([pow(3, i, 31) for i in range(17)])) % 31
    text = np.frombuffer(CREDIT_ALPHABET.encode(), dtype=np.uint8)[values].tobytes().decode()
    return [text[at : at + 18] for at in range(0, len(text), 18)]


def _places(numbers: Ints, base: int, count: int) -> Ints:
    """The digits of numbers, most significant first, shape `(len(numbers), count)`."""
    powers = np.array([base**place for place in reversed(range(count))], dtype=np.int64)
    return numbers[:, None] // powers % base


def _attached(dice: _Dice, size: int, firms: Columns) -> Columns:
    """Equipment of the firms that have special equipment, or of any if none has."""
    tagged = [row for row, tags in enumerate(firms["tags"]) if _EQUIPPED[0] in tags]
    owners = tagged or range(len(firms["id"]))
    chosen = [owners[place] for place in dice.below(len(owners), size).tolist()]
    types = dice.some(_EQUIPMENT, _EQUIPMENT_SHARES, size)
    regions = [firms["region"][row] for row in chosen]
    numbered = list(enumerate(zip(types, regions, strict=True), start=1))
    return {
        "id": [f"{what}-{where}-{number:06}" for number, (what, where) in numbered],
        "name": [f"{_NAME_OF[where]}示例{what}{number:06}号" for number, (what, where) in numbered],
        "kind": ["attached object"] * size,
        "region": regions,
        "tags": [_EQUIPPED] * size,
        "risk_class": [firms["risk_class"][row] for row in chosen],
        "status": dice.some(_STATUSES, _STATUS_SHARES, size),
        "owner": [firms["id"][row] for row in chosen],
    }


def _rest(dice: _Dice, size: int) -> Columns:
    """Natural persons, under pseudonyms, and others that are no firms: neither has a risk class."""
    county = dice.choose(_COUNTY_SHARES, size).tolist()
    rest = dice.some(_REST, _REST_SHARES, size)
    ids, names = [], []
    for number, (high, low) in enumerate(dice.raw(2 * size).reshape(-1, 2).tolist()):
        kind, word, *_ = rest[number]
        if kind == "natural person":
            ids.append(f"p-{high:016x}{low:016x}")
            names.append(f"{word} {ids[-1][:6]}…")
        else:
            ids.append(f"其他-{_COUNTIES[county[number]]}-{number + 1:06}")
            names.append(f"{_COUNTY_NAMES[county[number]]}示例{word}{number + 1:05}号")
    return {
        "id": ids,
        "name": names,
        "kind": [kind for kind, *_ in rest],
        "region": [_COUNTIES[c] for c in county],
        "industry": [industry for _, _, industry, _ in rest],
        "tags": [tags for *_, tags in rest],
        "status": dice.some(_STATUSES, _STATUS_SHARES, size),
    }


def _items() -> list[Item]:
    firms = Scope(kinds=_FIRM_KINDS)
    return [
        Item(
            item, f"{word}监督检查", basis, category=category, specialties=specialties,
            applies_to=firms if item == "disclosure" else Scope(tags=(item,)),
            department=f"{word}监督管理科",
        )
        for item, word, basis, category, specialties in _ITEMS
    ]  # fmt: skip


def _inspectors(dice: _Dice, size: int, firms: list[str]) -> Columns:
    """Inspectors with a capacity of 60 to 120 visits or no limit.

    The first two are generalists who may go anywhere, always.
    """
    order = range(size)
    regions = _work_regions(dice, size)
    holdings = dice.some(_HOLDINGS, _HOLDING_SHARES, size)
    expires = [AS_OF + timedelta(days=days) for days in dice.below(4 * 365, size).tolist()]
    capacities: list[int | None] = [60 + 10 * c for c in dice.below(7, size).tolist()]
    conflicts: list[tuple[str, ...]] = [()] * size
    expired, conflicted, unlimited = (
        (2 + dice.pick(size * share // 1000, max(size - 2, 0))).tolist()
        for share in (_EXPIRED_SHARE, _CONFLICTED_SHARE, _UNLIMITED_SHARE)
    )
    for row in expired:
        expires[row] = AS_OF - timedelta(days=1 + int(dice.below(300, 1)[0]))
    for row in conflicted:
        known = dice.below(len(firms), 1 + int(dice.below(4, 1)[0])).tolist()
        conflicts[row] = tuple(sorted({firms[firm] for firm in known}))
    for row in [*order[:2], *unlimited]:
        capacities[row] = None
    return {
        "id": [f"inspector-{row + 1:05}" for row in order],
        "name": [f"示例检查员{row + 1:04}" for row in order],
        "department": [
            f"{_NAME_OF[own[0]] if own else CITY_NAME}市场监督管理局" for own in regions
        ],
        "regions": regions,
        "specialties": [_EVERYTHING if r % 40 < 2 else holdings[r] for r in order],
        "certificate": [f"示例-9901-{row + 1:05}" for row in order],
        "certificate_expires": expires,
        "capacity": capacities,
        "conflicts": conflicts,
    }


def _work_regions(dice: _Dice, size: int) -> list[tuple[str, ...]]:
    """Where each may work: everywhere, or in one county or two, by their shares of the subjects."""
    local = np.arange(size) % 10 >= _CITYWIDE_SHARE // 10
    places = (2 * np.cumsum(local) - 1) * 100 // (2 * max(int(local.sum()), 1))
    home = np.searchsorted(np.cumsum(_COUNTY_SHARES), places, side="right")
    reach = np.where(local, 1 + dice.percent(_NEIGHBOUR_SHARE, size), 0)
    around = (*_COUNTIES, *_COUNTIES)
    return [
        tuple(around[first : first + count])
        for first, count in zip(*_lists(home, reach), strict=True)
    ]


def _history(dice: _Dice, firms: Columns) -> Columns:
    """Past draws of the 18 months before `AS_OF`, each on an item that applies to the firm."""
    rows = dice.pick(len(firms["id"]) * _HISTORY_SHARE // 100, len(firms["id"]))
    months = len(_HISTORY_MONTHS)
    first = dice.below(months, len(rows))
    again = dice.percent(_AGAIN_SHARE, len(rows))
    second = (first + 1 + dice.below(months - 1, len(rows))) % months
    rows, when = np.concatenate([rows, rows[again]]), np.concatenate([first, second[again]])
    words = {item: word for item, word, *_ in _ITEMS}
    columns: Columns = {"subject": [], "drawn_on": [], "task": []}
    lots = dice.below(1 << 30, len(rows))
    for row, at, lot in zip(*_lists(rows, when, lots), strict=True):
        items = ("disclosure", *firms["tags"][row])
        year, month = _HISTORY_MONTHS[at]
        columns["subject"].append(firms["id"][row])
        columns["drawn_on"].append(date(year, month, 10))
        columns["task"].append(f"{year}-{month:02}-{words[items[lot % len(items)]]}")
    return columns
